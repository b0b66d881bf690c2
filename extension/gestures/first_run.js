/**
 * Whoever has just installed the extension is told what else it needs; at an update nobody is.
 */

import { openPage } from "../presentation/pages.js";

/** @param {{ reason?: string }} [details] */
export async function welcome({ reason } = {}) {
  if (reason === "install") await openPage("setup");
}
