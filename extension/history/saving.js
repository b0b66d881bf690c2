/**
 * Saves flattrs as a file, as any download of the browser.
 */

import { FORMATS, fileName } from "../state/history_export.js";

/** @import { Format } from "../state/history_export.js" */
/** @import { Entry } from "../state/history_list.js" */

/** Browsers begin with a download at once, but do not say when they have read it. */
const KEEP_MS = 60_000;

/**
 * @param {Entry[]} entries
 * @param {Format} format
 * @returns {string} what the file is called
 */
export function save(entries, format) {
  const { type, textOf } = FORMATS[format];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([textOf(entries)], { type }));
  link.download = fileName(format, new Date());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
  return link.download;
}
