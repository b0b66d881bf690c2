/**
 * What the page says of itself. Read once after a gesture, which is what gives the right to
 * (`activeTab`), and never before.
 */

import { sameDocument } from "../state/tab_machine.js";
import { MAX_PAYMENT_LINKS, MAX_TITLE_CHARS, boundHints } from "../conversation/messages.js";

/** @import { Hints } from "../conversation/messages.js" */

/** A page that is busy for longer than this is flattred by its address alone. */
const LIMIT_MS = 1_000;

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

/** @param {number} tabId */
async function collectIn(tabId) {
  try {
    const [frame] = await browser.scripting.executeScript({
      target: { tabId },
      func: collect,
      args: [MAX_TITLE_CHARS, MAX_PAYMENT_LINKS],
      injectImmediately: true,
    });
    return frame?.result;
  } catch {
    return null;
  }
}

/**
 * Runs in the page, so it can use nothing from outside itself. What it returns is checked again.
 * @param {number} maxTitleChars
 * @param {number} maxLinks
 */
function collect(maxTitleChars, maxLinks) {
  /** @param {Element | null} element */
  const address = (element) => {
    const href = element?.getAttribute("href");
    if (!href) return null;
    try {
      const url = new URL(href, document.baseURI);
      return /^https?:$/.test(url.protocol) ? url.href : null;
    } catch {
      return null;
    }
  };
  const payment = [];
  const links = 'link[rel~="payment" i][href], a[rel~="payment" i][href]';
  for (const element of document.querySelectorAll(links)) {
    const url = address(element);
    if (url && payment.push(url) === maxLinks) break;
  }
  return {
    page: document.URL,
    title: document.title.slice(0, maxTitleChars),
    canonical: address(document.querySelector('link[rel~="canonical" i][href]')),
    payment,
  };
}
