/**
 * The words of the extension, in the person's language. Translators find them in `_locales/`.
 *
 * @typedef {object} Words
 * @property {(key: string, ...values: string[]) => string} say
 * @property {(key: string, count: number) => string} sayCount by the plural form of `count`, whose
 *   keys are `key_one`, `key_other` and what else the language has
 * @property {(date: Date) => string} sayServiceMonth as the service counts them, in UTC
 * @property {(date: Date) => string} sayMonth with year, where the person is; so are the others below
 * @property {(date: Date) => string} sayWeekday with day and month
 * @property {(date: Date) => string} sayDate with year
 * @property {(date: Date) => string} sayTime of the day
 * @property {(count: number) => string} sayNumber
 * @property {(share: number) => string} sayShare as a percentage, of 0 to 1
 * @property {(ms: number) => string} sayFromNow how long until then: "in 5 minutes"
 * @property {string} language of the messages, which may not be the browser's
 * @property {"ltr" | "rtl"} direction
 */

/**
 * @param {(key: string, values?: string[]) => string} getMessage `i18n.getMessage`
 * @returns {Words}
 */
export function wordsOf(getMessage) {
  const language = getMessage("locale_language_code");
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const serviceMonth = new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" });
  const share = new Intl.NumberFormat(language,
    { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric" });
  const weekday = new Intl.DateTimeFormat(language,
    { weekday: "long", day: "numeric", month: "long" });
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long" });
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  const fromNow = new Intl.RelativeTimeFormat(language);
  /** @type {Words["say"]} */
  const say = (key, ...values) => getMessage(key, values);
  return {
    say,
    sayCount: (key, count) =>
      say(`${key}_${plural.select(count)}`, number.format(count))
      || say(`${key}_other`, number.format(count)),
    sayServiceMonth: (when) => serviceMonth.format(when),
    sayMonth: (when) => month.format(when),
    sayWeekday: (when) => weekday.format(when),
    sayDate: (when) => date.format(when),
    sayTime: (when) => time.format(when),
    sayNumber: (count) => number.format(count),
    sayShare: (part) => share.format(part),
    sayFromNow: (ms) => fromNow.format(...inUnits(ms)),
    language,
    direction: getMessage("locale_text_direction") === "rtl" ? "rtl" : "ltr",
  };
}

/**
 * In the unit that people would take; never too early.
 * @param {number} ms
 * @returns {[number, "second" | "minute" | "hour"]}
 */
function inUnits(ms) {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds <= 60) return [seconds, "second"];
  return seconds <= 3600 ? [Math.ceil(seconds / 60), "minute"] : [Math.ceil(seconds / 3600), "hour"];
}
