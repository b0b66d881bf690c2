/**
 * Titles and addresses of others, as a person can read them without being led astray.
 */

/**
 * A title on one line, without the characters that would turn around the words beside it.
 * @param {string | null | undefined} title
 */
export function tidy(title) {
  const turning = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  return title?.replace(turning, "").replace(/\s+/g, " ").trim();
}

/**
 * A name for the middle of a sentence. Where it may be written in the other direction, it is set
 * apart, so that it does not carry the words around it along.
 * @param {string} name
 */
export function inSentence(name) {
  const text = tidy(name) ?? "";
  return /^[\x20-\x7e]*$/.test(text) ? text : `\u2068${text}\u2069`;
}

/**
 * Host and path, as a person reads an address.
 * @param {string} url
 */
export function addressOf(url) {
  if (!URL.canParse(url)) return url;
  const { host, pathname, search } = new URL(url);
  return host.replace(/^www\./, "") + (pathname === "/" ? "" : decoded(pathname)) + search;
}

/**
 * Percent escapes of letters are made readable, unless that would hide or turn around what follows.
 * @param {string} path
 */
function decoded(path) {
  try {
    const text = decodeURIComponent(path);
    return /[\s\p{C}]/u.test(text) ? path : text;
  } catch {
    return path;
  }
}

/**
 * @param {string} text
 * @param {number} most characters, as people count them
 */
export function shortened(text, most) {
  const characters = [...text];
  if (characters.length <= most) return text;
  return `${characters.slice(0, most).join("").trimEnd()}…`;
}

/** @param {string} url */
export function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host.replace(/^www\./, "") : "";
}
