/**
 * The context menus. Two items that say what they act on, since people take the wrong one
 * otherwise; and one at the button, where browsers have one for the options already. Browsers keep them while the background is stopped.
 */

import { openPage } from "../presentation/pages.js";
import { chooseFlattr } from "./flattr_gesture.js";

const WEB = ["http://*/*", "https://*/*"];

/**
 * Everything on a page that is not a link; a link has an item of its own.
 * @type {chrome.contextMenus.CreateProperties["contexts"]}
 */
const ON_PAGE = ["page", "frame", "selection", "image", "video", "audio", "editable"];

/** One making after the other: two at once would refuse each other's items. */
let making = Promise.resolve();

/**
 * Made at installation; and at each start of the browser, since a background that was stopped
 * while it made them would never be asked to again.
 */
export function makeMenus() {
  making = making.then(make, make);
  return making;
}

/** @returns {Promise<void>} */
async function make() {
  await browser.contextMenus.removeAll();
  await Promise.all([
    create({
      id: "flattr_page",
      title: browser.i18n.getMessage("menu_page_label"),
      contexts: ON_PAGE,
      documentUrlPatterns: WEB,
    }),
    create({
      id: "flattr_link",
      title: browser.i18n.getMessage("menu_link_label"),
      contexts: ["link"],
      targetUrlPatterns: WEB,
    }),
    create({
      id: "history",
      title: browser.i18n.getMessage("page_history_label"),
      contexts: ["action"],
    }),
  ]);
}

/**
 * @param {{ menuItemId: string | number, linkUrl?: string, pageUrl?: string }} info
 * @param {{ id?: number, url?: string, status?: string } | undefined} tab
 */
export async function chooseMenu(info, tab) {
  if (info.menuItemId === "history") await openPage("history");
  if (tab?.id === undefined) return;
  const here = { id: tab.id, url: tab.url ?? info.pageUrl, status: tab.status };
  if (info.menuItemId === "flattr_link" && info.linkUrl) {
    await chooseFlattr(here, "link", info.linkUrl);
  }
  if (info.menuItemId === "flattr_page") await chooseFlattr(here, "page", here.url ?? "");
}

/**
 * @param {chrome.contextMenus.CreateProperties} item
 * @returns {Promise<void>}
 */
function create(item) {
  return new Promise((resolve, reject) => {
    browser.contextMenus.create(item, () => {
      const error = browser.runtime.lastError;
      if (error) reject(new Error(error.message));
      else resolve();
    });
  });
}
