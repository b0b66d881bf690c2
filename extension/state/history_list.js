/**
 * The history as far as it was read: entries by the day on which they were flattred, newest first.
 */

import { isWebAddress } from "../conversation/messages.js";
import { addressOf, tidy } from "../presentation/addresses.js";

/** @import { FlattrRecord } from "../conversation/messages.js" */

/**
 * @typedef {object} Entry
 * @property {string} key the same for the same flattr
 * @property {string} title
 * @property {string} address
 * @property {string} link empty where the address is none of the web
 * @property {string} owner empty where nobody is known
 * @property {Date} when
 */

/**
 * @typedef {object} Day
 * @property {string} key `YYYY-MM-DD`, where the person is
 * @property {Entry[]} entries
 */

/**
 * @param {FlattrRecord} record
 * @returns {Entry}
 */
export function entryOf({ created_at, thing }) {
  const address = addressOf(thing.url);
  return {
    key: `${thing.id} ${created_at}`,
    title: tidy(thing.title) || address,
    address,
    link: isWebAddress(thing.url) ? thing.url : "",
    owner: tidy(thing.owner?.username) ?? "",
    when: new Date(created_at * 1000),
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
 * @param {Entry[]} entries in their order
 * @returns {Day[]}
 */
export function byDay(entries) {
  /** @type {Day[]} */
  const days = [];
  for (const entry of entries) {
    const key = dayOf(entry.when);
    const last = days.at(-1);
    if (last?.key === key) last.entries.push(entry);
    else days.push({ key, entries: [entry] });
  }
  return days;
}

/** @param {Date} when */
function dayOf(when) {
  const [month, day] = [when.getMonth() + 1, when.getDate()].map((n) => String(n).padStart(2, "0"));
  return `${when.getFullYear()}-${month}-${day}`;
}
