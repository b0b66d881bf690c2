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

const VERSION = /^\d[\w.+-]{0,31}$/;
const LANGUAGE = /^[a-z]{2,3}([-_][a-z0-9]{2,8})*$/i;
const WORD = /^[a-z][a-z_]{0,31}$/i;
const BROWSER = /^[A-Z][\w ]{0,30} \d[\w.]{0,20}$/i;
const SYSTEM = /^(mac|win|android|cros|linux|openbsd|fuchsia)$/;
const TOKEN_PLACE = /^(keyring|file)$/;

/** @param {Facts} facts */
export function reportOf(facts) {
  const lines = [
    ["extension", only(VERSION, facts.extension)],
    ["host", only(VERSION, facts.host) || "no answer"],
    ["protocol", Number.isInteger(facts.protocol) ? String(facts.protocol) : ""],
    ["features", all(facts.features)],
    ["browser", only(BROWSER, facts.browser)],
    ["system", only(SYSTEM, facts.os)],
    ["language", only(LANGUAGE, facts.language)],
    ["flattrs go to", placeOf(facts.apiUrl)],
    ["token", only(TOKEN_PLACE, facts.tokenPlace) || "none"],
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
