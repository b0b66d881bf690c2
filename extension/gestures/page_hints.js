/**
 * What the page says of itself. Read once after a gesture, which is what gives the right to
 * (`activeTab`), and never before.
 */

import { LIMITS, boundHints } from "../conversation/hints.js";
import { sameDocument } from "../state/tab_machine.js";
import { collect } from "./collect_hints.js";

/** @import { Hints } from "../conversation/hints.js" */

/**
 * A page that is busy for longer than this is flattred by its address alone. A computer that is busy,
 * with the browser's own start for instance, takes more than a second to read any page.
 */
const LIMIT_MS = 3_000;

/**
 * @param {number} tabId
 * @param {string} url of the page that the gesture was made on; the tab may have left it since
 * @returns {Promise<Hints | null>} null where scripts are forbidden, or that page does not answer
 */
export async function readHints(tabId, url) {
  const limit = new Promise((resolve) => setTimeout(resolve, LIMIT_MS, null));
  const read = await Promise.race([collectIn(tabId), limit]);
  return sameDocument(url, read?.page ?? null) ? boundHints(read) : null;
}

/**
 * @param {number} tabId
 * @returns {Promise<any>} what a page's script returned; null where there is none
 */
async function collectIn(tabId) {
  try {
    const [frame] = await browser.scripting.executeScript({
      target: { tabId },
      func: collect,
      args: [LIMITS],
      injectImmediately: true,
    });
    return frame?.result;
  } catch {
    return null;
  }
}
