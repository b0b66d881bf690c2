/**
 * What goes into a report of a defect: what is known of the versions and the state, and nothing of the
 * person. Whatever has not the shape of such a word is left out, wherever it came from.
 */

/**
 * @typedef {object} Facts
 * @property {string} extension version
 * @property {string} browser name and version
 * @property {string} os as `runtime.getPlatformInfo` names it
 * @property {string} language of the words
 * @property {string} host version; empty where it did not answer
 * @property {number | undefined} protocol
 * @property {readonly string[]} features
 * @property {string} apiUrl where flattrs go; only which kind it is, is told
 * @property {string} tokenPlace
 * @property {readonly string[]} preferences that are on
 * @property {readonly string[]} permissions that the browser has granted
 * @property {string} trouble a code; empty for none
 */

const VERSION = /^[\w.+-]{1,32}$/;
const WORD = /^[a-z][a-z_]{0,31}$/i;
const BROWSER = /^[A-Z][\w .]{0,40}$/i;

/** @param {Facts} facts */
export function reportOf(facts) {
  const lines = [
    ["extension", only(VERSION, facts.extension)],
    ["host", only(VERSION, facts.host) || "no answer"],
    ["protocol", Number.isInteger(facts.protocol) ? String(facts.protocol) : ""],
    ["features", all(facts.features)],
    ["browser", only(BROWSER, facts.browser)],
    ["system", only(WORD, facts.os)],
    ["language", only(VERSION, facts.language)],
    ["flattrs go to", placeOf(facts.apiUrl)],
    ["token", only(WORD, facts.tokenPlace) || "none"],
    ["preferences", all(facts.preferences) || "none"],
    ["permissions", all(facts.permissions)],
    ["trouble", only(WORD, facts.trouble) || "none"],
  ];
  return lines.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}\n`).join("");
}

/** @param {string} apiUrl */
function placeOf(apiUrl) {
  if (!apiUrl) return "";
  return apiUrl === "embedded" ? "this computer" : "a server";
}

/**
 * @param {RegExp} shape
 * @param {string} value
 */
function only(shape, value) {
  return shape.test(value) ? value : "";
}

/** @param {readonly string[]} values */
function all(values) {
  return values.filter((value) => WORD.test(value)).toSorted().join(", ");
}
