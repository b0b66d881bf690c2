/**
 * What is wrong with the words of one language, as a translator would want to be told.
 */

const PLURAL = /_(zero|one|two|few|many|other)$/;
const NAMED = /\$([A-Z]+)\$/g;
/** Half of a placeholder, markup, doubled apostrophes, three dots for an ellipsis. */
const MALFORMED = /\$|[<>]|'{2}|’{2}|\.\.\./;
/** Controls, and characters that turn around the words beside them. A new line is none of those. */
const INVISIBLE = /[^\P{Cc}\n]|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
const RIGHT_TO_LEFT = new Set(["Arab", "Hebr", "Nkoo", "Syrc", "Thaa"]);
/** What browsers take, and what stays on one line of a menu. */
const MOST_CHARS = new Map(Object.entries({
  extension_name_text: 45,
  extension_description_text: 132,
  menu_page_label: 40,
  menu_link_label: 40,
}));
const ENDS = new Map(Object.entries({ "؟": "?", "。": ".", "：": ":" }));

/** @param {string} key without the plural form */
export function baseOf(key) {
  return key.replace(PLURAL, "");
}

/**
 * @param {string} folder in `_locales`
 * @param {Record<string, { message: string, description?: string, placeholders?: object }>} messages
 * @param {typeof messages} english
 * @param {Set<string>} [same] keys whose words are those of English
 * @returns {string[]}
 */
export function mistakesIn(folder, messages, english, same = new Set()) {
  const language = folder.replace("_", "-");
  const expected = keysIn(language, english);
  const ofOneNumber = formsOfOneNumber(language);
  return [
    ...[...expected].filter((key) => !messages[key]).map((key) => `${key} is missing`),
    ...Object.keys(messages).filter((key) => !expected.has(key)).map((key) => `${key} is not in en`),
    ...mistakesOfLanguage(language, messages),
    ...Object.keys(messages).filter((key) => expected.has(key)).flatMap((key) =>
      mistakesOfEntry(key, messages[key], english[key] ?? english[`${baseOf(key)}_other`],
        ofOneNumber.has(PLURAL.exec(key)?.[1] ?? "")).map((mistake) => `${key}: ${mistake}`)),
    ...language === "en" ? [] : sameAsEnglish(messages, english, same),
  ];
}

/**
 * The keys of English, each plural form of it in all forms that the language has.
 * @param {string} language
 * @param {Record<string, object>} english
 */
function keysIn(language, english) {
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  return new Set(Object.keys(english).flatMap((key) =>
    PLURAL.test(key) ? forms.map((form) => `${baseOf(key)}_${form}`) : [key]));
}

/**
 * The plural forms that are of a single number, so that their words can do without the figure.
 * @param {string} language
 */
function formsOfOneNumber(language) {
  const rules = new Intl.PluralRules(language);
  const chosen = [...Array(1000).keys()].map((number) => rules.select(number));
  return new Set(chosen.filter((form) => chosen.indexOf(form) === chosen.lastIndexOf(form)));
}

function mistakesOfLanguage(language, messages) {
  const { script } = new Intl.Locale(language).maximize();
  const direction = RIGHT_TO_LEFT.has(script) ? "rtl" : "ltr";
  const said = (key) => messages[key]?.message;
  return [
    said("locale_language_code") !== language && `locale_language_code is not ${language}`,
    said("locale_text_direction") !== direction && `locale_text_direction is not ${direction}`,
  ].filter(Boolean);
}

function mistakesOfEntry(key, { message, placeholders = {} }, original, canDoWithout) {
  const named = new Set([...message.matchAll(NAMED)].map(([, name]) => name.toLowerCase()));
  const known = Object.keys(original.placeholders ?? {});
  const plain = message.replace(NAMED, "");
  return [
    (message === "" || message.trim() !== message) && "is empty or has blanks around it",
    MALFORMED.test(plain) && `has ${MALFORMED.exec(plain)}`,
    INVISIBLE.test(message) && "has a character that cannot be seen",
    contentsOf(placeholders) !== contentsOf(original.placeholders)
      && "has other placeholders than en",
    ...[...named].filter((name) => !known.includes(name)).map((name) => `nothing fills $${name}$`),
    ...known.filter((name) => !named.has(name) && !canDoWithout).map((name) => `lacks $${name}$`),
    message.length > (MOST_CHARS.get(key) ?? Infinity) && "is too long",
    endOf(message) !== endOf(original.message) && `ends unlike “${original.message}”`,
  ].filter(Boolean);
}

function contentsOf(placeholders = {}) {
  return Object.entries(placeholders).map(([name, { content }]) => `${name} ${content}`).join();
}

/** Whether it is a sentence, a question, a heading of something below, or none of these. */
function endOf(text) {
  const last = text.at(-1) ?? "";
  const end = ENDS.get(last) ?? last;
  return /[.?:…]/.test(end) ? end : "";
}

function sameAsEnglish(messages, english, same) {
  return Object.entries(messages)
    .filter(([key, { message }]) => message === english[key]?.message && !same.has(key)
      && /\p{L}/u.test(message.replace(NAMED, "")))
    .map(([key]) => `${key} is in English`);
}
