/**
 * The toolbar button of a tab: puts on it what `badge.js` decides.
 */

import { COLOURS, TEXT_COLOUR, badgeOf } from "./badge.js";
import { GLYPHS } from "./card.js";
import { wordsOf } from "./words.js";

/** @import { TabState } from "../state/tab_machine.js" */
/** @import { Icon } from "./badge.js" */

/**
 * What each button shows by this background. Chromium reads and decodes an icon whenever it is set,
 * which takes longer than all the rest, so it is set only where it changes.
 * @type {Map<number, Icon>}
 */
const shownIcons = new Map();
let settingIcons = Promise.resolve();

/**
 * The popup's address says whose tab's state it shows.
 * @param {number} tabId
 */
export function popupOf(tabId) {
  return `popup/popup.html?tab=${tabId}`;
}

/**
 * Answers a gesture with the first visible change, before anything else is looked up.
 * @param {number} tabId
 */
export function acknowledge(tabId) {
  settled([
    browser.action.setBadgeText({ tabId, text: GLYPHS.busy }),
    browser.action.setBadgeTextColor({ tabId, color: TEXT_COLOUR }),
    browser.action.setBadgeBackgroundColor({ tabId, color: COLOURS.busy }),
    browser.action.setTitle({ tabId, title: browser.i18n.getMessage("popup_asking_heading") }),
  ]);
}

/**
 * @param {number} tabId
 * @param {TabState | null} state
 */
export async function present(tabId, state) {
  const badge = badgeOf(state, Date.now(), wordsOf(browser.i18n.getMessage));
  showIcon(tabId, badge.icon);
  await settled([
    browser.action.setBadgeText({ tabId, text: badge.text }),
    browser.action.setBadgeTextColor({ tabId, color: TEXT_COLOUR }),
    browser.action.setBadgeBackgroundColor({ tabId, color: badge.colour }),
    browser.action.setTitle({ tabId, title: badge.title }),
    browser.action.setPopup({ tabId, popup: badge.opensPopup ? popupOf(tabId) : "" }),
  ]);
}

/**
 * The browser has put its default on the button of a tab, or the tab is gone.
 * @param {number} tabId
 */
export function forgetIcon(tabId) {
  shownIcons.delete(tabId);
}

/**
 * One after the other, so that the last one stays; but nothing waits for it.
 * @param {number} tabId
 * @param {Icon} icon
 */
function showIcon(tabId, icon) {
  if (shownIcons.get(tabId) === icon) return;
  shownIcons.set(tabId, icon);
  settingIcons = settingIcons.then(() =>
    settled([browser.action.setIcon({ tabId, path: pathsOf(icon) })]));
}

/**
 * The pictures of one shape. From the top of the extension: a worker has a place of its own.
 * @param {Icon} icon
 */
export function pathsOf(icon) {
  return { 16: `/icons/${icon}-16.png`, 32: `/icons/${icon}-32.png` };
}

/**
 * A tab may be closed at any moment, and then every call about it is refused.
 * @param {Promise<unknown>[]} calls
 */
async function settled(calls) {
  await Promise.allSettled(calls);
}
