/**
 * Who got how many flattrs in a month. Each flattr of a month is worth as much as any other, so that
 * an owner's share of the flattrs is their share of a budget.
 */

import { counted } from "./history_search.js";

/** @import { Entry } from "./history_list.js" */

/**
 * @typedef {object} Part
 * @property {string} owner empty for things of which nobody knows whose they are
 * @property {number} count
 * @property {number} share of the month, 0 to 1
 */

/**
 * @typedef {object} Picture
 * @property {number} total flattrs of the month
 * @property {number} most flattrs of one owner
 * @property {Part[]} parts those with the most first
 */

/**
 * @param {Entry[]} entries
 * @param {string} month `YYYY-MM`
 * @returns {Picture}
 */
export function pictureOf(entries, month) {
  const inMonth = entries.filter((entry) => entry.month === month);
  const parts = counted(inMonth, "owner")
    .map(({ value, count }) => ({ owner: value, count, share: count / inMonth.length }));
  return { total: inMonth.length, most: parts[0]?.count ?? 0, parts };
}

/**
 * The first of them, and the rest as one; a rest of a single owner is no rest.
 * @param {Part[]} parts
 * @param {number} most
 * @returns {{ shown: Part[], rest: { owners: number, count: number, share: number } | null }}
 */
export function withoutRest(parts, most) {
  if (parts.length <= most + 1) return { shown: parts, rest: null };
  const rest = { owners: parts.length - most, count: 0, share: 0 };
  for (const { count, share } of parts.slice(most)) {
    rest.count += count;
    rest.share += share;
  }
  return { shown: parts.slice(0, most), rest };
}

/**
 * The months before and after one in which something was flattred.
 * @param {Entry[]} entries newest first
 * @param {string} month
 * @returns {{ older: string, newer: string }} empty for none that is known
 */
export function monthsAround(entries, month) {
  const older = entries.find((entry) => entry.month < month)?.month ?? "";
  const newer = entries.findLast((entry) => entry.month > month)?.month ?? "";
  return { older, newer };
}
