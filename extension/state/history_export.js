/**
 * The history as files for other programs. docs/history.md tells the fields.
 */

import { dayOf } from "./history_list.js";

/** @import { Entry } from "./history_list.js" */

/** @typedef {"json" | "csv"} Format */

/** @type {Readonly<Record<Format, { type: string, textOf: (entries: Entry[]) => string }>>} */
export const FORMATS = Object.freeze({
  json: { type: "application/json", textOf: jsonOf },
  csv: { type: "text/csv;charset=utf-8", textOf: csvOf },
});

/**
 * @param {Entry} entry
 * @returns {Record<string, string | number>}
 */
function fieldsOf({ when, title, owner, url, thing }) {
  return { flattred_at: when.toISOString(), title, owner, url, thing };
}

/** @param {Entry[]} entries */
export function jsonOf(entries) {
  return `${JSON.stringify(entries.map(fieldsOf), null, 2)}\n`;
}

/**
 * As RFC 4180 has it, with a line of names.
 * @param {Entry[]} entries
 */
export function csvOf(entries) {
  const header = ["flattred_at", "title", "owner", "url", "thing"];
  const rows = entries.map((entry) => Object.values(fieldsOf(entry)));
  return [header, ...rows].map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");
}

/**
 * A spreadsheet would take a title that begins like a formula for one, and others choose the titles.
 * @param {string | number} value
 */
function cellOf(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {Format} format
 * @param {Date} now
 */
export function fileName(format, now) {
  return `flattrs-${dayOf(now)}.${format}`;
}
