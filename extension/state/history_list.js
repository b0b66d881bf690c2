/**
 * The history as far as it was read: one entry for each flattr, newest first.
 */

import { isWebAddress } from "../conversation/messages.js";
import { addressOf, hostOf, tidy } from "../presentation/addresses.js";
import { folded } from "./history_search.js";

/** @import { FlattrRecord } from "../conversation/messages.js" */

/**
 * @typedef {object} Entry
 * @property {string} key the same for the same flattr
 * @property {number} thing
 * @property {string} title
 * @property {string} url as the thing has it
 * @property {string} address
 * @property {string} site host of the address; empty where there is none
 * @property {string} link empty where the address is none of the web
 * @property {string} owner empty where nobody is known
 * @property {string} image address of the thing's image; empty for none
 * @property {number} flattrs how often the thing was flattred, by anybody
 * @property {Date} when
 * @property {string} month `YYYY-MM`, where the person is
 * @property {string} day `YYYY-MM-DD`, where the person is
 * @property {string} words what a search looks at
 */

/**
 * @param {FlattrRecord} record
 * @returns {Entry}
 */
export function entryOf({ created_at, thing }) {
  const { url } = thing;
  const address = addressOf(url);
  const title = tidy(thing.title) || address;
  const owner = tidy(thing.owner?.username) ?? "";
  const when = new Date(created_at * 1000);
  const day = dayOf(when);
  return {
    key: `${thing.id} ${created_at}`,
    thing: thing.id,
    title,
    url,
    address,
    site: hostOf(url),
    link: isWebAddress(url) ? url : "",
    owner,
    image: isWebAddress(thing.image) ? thing.image : "",
    flattrs: thing.flattrs ?? 1,
    when,
    month: day.slice(0, -3),
    day,
    words: folded(`${title} ${owner} ${address}`),
  };
}

/**
 * Entries that are not known yet. What was flattred since the first page was read has moved
 * everything else on, so the next page begins with the end of the last one.
 * @param {ReadonlySet<string>} known keys
 * @param {FlattrRecord[]} records
 * @returns {Entry[]}
 */
export function newEntries(known, records) {
  return records.map(entryOf).filter(({ key }) => !known.has(key));
}

/**
 * Whether all of a month was read: what is older came after it, or nothing else comes.
 * @param {Entry[]} entries
 * @param {string} month
 * @param {boolean} isComplete nothing else comes
 */
export function hasWholeMonth(entries, month, isComplete) {
  return isComplete || (entries.at(-1)?.month ?? month) < month;
}

/**
 * @param {Date} when
 * @returns {string} `YYYY-MM-DD`, where the person is
 */
export function dayOf(when) {
  const [month, day] = [when.getMonth() + 1, when.getDate()].map((n) => String(n).padStart(2, "0"));
  return `${String(when.getFullYear()).padStart(4, "0")}-${month}-${day}`;
}
