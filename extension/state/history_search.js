/**
 * Searching the history: by words of title, owner and address, and by one owner or one site.
 */

/** @import { Entry } from "./history_list.js" */

/**
 * @typedef {object} Search
 * @property {string} text as the person typed it
 * @property {"owner" | "site" | ""} by what is filtered by; empty for nothing
 * @property {string} value the owner or the site
 */

/** @type {Readonly<Search>} */
export const EVERYTHING = Object.freeze({ text: "", by: "", value: "" });

/**
 * An owner or a site, and how much of the history is theirs.
 * @typedef {object} Choice
 * @property {string} value
 * @property {number} count
 */

/**
 * Text as it is compared: "Café" and "CAFE" are the same.
 * @param {string} text
 */
export function folded(text) {
  // Upper case first: "ß" has no other way to "ss".
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase().toLowerCase();
}

/** @param {Search} search */
export function isEverything({ text, by }) {
  return !by && text.trim() === "";
}

/**
 * @param {Search} search
 * @returns {(entry: Entry) => boolean} whether an entry is found by it: it has all of the words
 */
export function finderOf({ text, by, value }) {
  const words = folded(text).split(/\s+/).filter(Boolean);
  return (entry) => (!by || entry[by] === value) && words.every((word) => entry.words.includes(word));
}

/**
 * The owners, or the sites, of entries: those with the most first.
 * @param {Entry[]} entries
 * @param {"owner" | "site"} by
 * @returns {Choice[]} without what is not known
 */
export function choicesOf(entries, by) {
  return counted(entries, by).filter(({ value }) => value);
}

/**
 * @param {Entry[]} entries
 * @param {"owner" | "site"} by
 * @returns {Choice[]} those with the most first; where as many, in the order of the first letters
 */
export function counted(entries, by) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { [by]: value } of entries) counts.set(value, (counts.get(value) ?? 0) + 1);
  const { compare } = new Intl.Collator();
  return [...counts].map(([value, count]) => ({ value, count }))
    .sort((one, other) => other.count - one.count || compare(one.value, other.value));
}
