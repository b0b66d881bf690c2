/**
 * The pages of the extension that open in a tab.
 */

import { PAGE_ACTS } from "./outcomes.js";

/** @import { PageAct } from "./outcomes.js" */

/**
 * @param {unknown} act
 * @returns {act is PageAct}
 */
export function isPageAct(act) {
  return typeof act === "string" && act in PAGE_ACTS;
}

/**
 * Where the account is connected, what was flattred, or how the program is installed.
 * @param {PageAct} act
 */
export async function openPage(act) {
  if (act === "connect") await browser.runtime.openOptionsPage();
  else await browser.tabs.create({ url: browser.runtime.getURL(`${act}/${act}.html`) });
}
