/**
 * Opens the popup without a click, as far as the browser lets it.
 */

import * as tabs from "../state/tab_store.js";
import { popupOf } from "./toolbar.js";

/**
 * Over a tab in the background, or where the window is not in front, it stays closed; badge and
 * title carry the words then, and the state keeps them for a click on the button.
 * @param {number} tabId
 */
export async function openPopup(tabId) {
  try {
    const tab = await browser.tabs.get(tabId);
    if (!tab.active || await isPopupOpen(tabId)) return;
    await browser.action.setPopup({ tabId, popup: popupOf(tabId) });
    await browser.action.openPopup({ windowId: tab.windowId });
  } catch {
    // Refused by the browser: see above.
  } finally {
    await tabs.showAgain(tabId);
  }
}

/**
 * An open popup follows the state by itself; to open it again would close it.
 * @param {number} tabId
 */
export async function isPopupOpen(tabId) {
  const url = browser.runtime.getURL(popupOf(tabId));
  const contexts = await browser.runtime.getContexts({ documentUrls: [url] });
  return contexts.length > 0;
}
