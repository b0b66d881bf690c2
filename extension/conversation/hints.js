/**
 * What a page says of itself, in the shape and size in which the host takes it. Pages can say
 * anything, and as much of it as they like.
 */

/**
 * A Flattr button as it stands in the page: `a.FlattrButton`.
 * @typedef {object} ButtonHint
 * @property {string | null} href absolute URL; null means the page itself
 * @property {string} rel the attribute that begins with `flattr;`, be it `rel` or `rev`
 * @property {string} title
 * @property {string} language
 * @property {string} text what is written in the element
 * @property {Record<string, string>} data its `data-*` attributes that a button can have, without
 *   `data-`
 */

/**
 * What a page says of itself, read after the person's gesture. Lists are in document order.
 * @typedef {object} Hints
 * @property {string | null} title
 * @property {string | null} canonical absolute URL
 * @property {string[]} payment absolute URLs of what is linked with `rel=payment`
 * @property {ButtonHint[]} buttons
 * @property {string[]} flattr_ids
 * @property {string[]} links absolute URLs of plain links to flattr.com's things, users and
 *   auto-submit URLs
 * @property {string | null} loader absolute URL of the script that made buttons of the marks
 */

/**
 * So much of each at most. Were all of it there, in letters of three bytes, a request would stay
 * below the 1 MiB that the host takes; a test adds it up.
 */
export const LIMITS = Object.freeze({
  payment: 32,
  buttons: 16,
  flattrIds: 8,
  links: 16,
  data: 14,
  urlChars: 8_192,
  textChars: 1_000,
  shortTextChars: 300,
  nameChars: 64,
});

/**
 * Brings what was read in a page into the shape and size of {@link Hints}. A URL that is too long
 * is left out: cut short it would be another URL.
 * @param {unknown} raw whatever the page's script returned
 * @returns {Hints | null} null where the page said nothing usable
 */
export function boundHints(raw) {
  if (!isRecord(raw)) return null;
  return {
    title: typeof raw["title"] === "string" ? text(raw["title"], LIMITS.textChars) : null,
    canonical: webAddress(raw["canonical"]),
    payment: listOf(raw["payment"], LIMITS.payment, webAddress),
    buttons: listOf(raw["buttons"], LIMITS.buttons, button),
    flattr_ids: listOf(raw["flattr_ids"], LIMITS.flattrIds, flattrId),
    links: listOf(raw["links"], LIMITS.links, webAddress),
    loader: webAddress(raw["loader"]),
  };
}

/**
 * @param {unknown} raw
 * @returns {ButtonHint | null} null where it links to something that is no address of the web
 */
function button(raw) {
  if (!isRecord(raw)) return null;
  const href = webAddress(raw["href"]);
  if (raw["href"] !== null && href === null) return null;
  return {
    href,
    rel: text(raw["rel"], LIMITS.textChars),
    title: text(raw["title"], LIMITS.shortTextChars),
    language: text(raw["language"], LIMITS.nameChars),
    text: text(raw["text"], LIMITS.shortTextChars),
    data: dataOf(raw["data"]),
  };
}

/**
 * @param {unknown} raw
 * @returns {Record<string, string>}
 */
function dataOf(raw) {
  const entries = isRecord(raw) ? Object.entries(raw).slice(0, LIMITS.data) : [];
  return Object.fromEntries(entries.map(([name, value]) =>
    [text(name, LIMITS.nameChars), text(value, LIMITS.shortTextChars)]));
}

/** @param {unknown} raw */
function flattrId(raw) {
  return text(raw, LIMITS.nameChars) || null;
}

/**
 * @template T
 * @param {unknown} raw
 * @param {number} most
 * @param {(raw: unknown) => T | null} read
 * @returns {T[]}
 */
function listOf(raw, most, read) {
  if (!Array.isArray(raw)) return [];
  return raw.map(read).filter((one) => one !== null).slice(0, most);
}

/**
 * Control characters mean nothing in these texts, and each would be six bytes in a request.
 * @param {unknown} raw
 * @param {number} maxChars
 */
function text(raw, maxChars) {
  if (typeof raw !== "string") return "";
  return raw.slice(0, maxChars).replace(/\p{Cc}/gu, " ").toWellFormed();
}

/**
 * @param {unknown} raw
 * @returns {string | null}
 */
function webAddress(raw) {
  if (typeof raw !== "string" || raw.length > LIMITS.urlChars || !URL.canParse(raw)) return null;
  const { href, protocol } = new URL(raw);
  if (protocol !== "https:" && protocol !== "http:") return null;
  // As long as it is in a request: a backslash in a query is two characters there.
  return JSON.stringify(href).length - 2 <= LIMITS.urlChars ? href : null;
}

/**
 * @param {unknown} raw
 * @returns {raw is Record<string, unknown>}
 */
function isRecord(raw) {
  return typeof raw === "object" && raw !== null;
}
