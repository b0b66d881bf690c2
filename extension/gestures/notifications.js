/**
 * Tells through the system how a flattr from a context menu ended, where the person allowed and wants
 * that: their eyes are on the page then, not on the button. A click on the button itself is never told
 * so, nor what the popup shows anyway.
 */

import { cardOf } from "../presentation/card.js";
import { openPage } from "../presentation/pages.js";
import { isPopupOpen, openPopup } from "../presentation/popup_opener.js";
import { nameOf } from "../presentation/names.js";
import { wordsOf } from "../presentation/words.js";
import { isUnderWay, needsPerson } from "../state/gesture.js";
import { prefers } from "../state/preferences.js";
import * as tabs from "../state/tab_store.js";

/** @import { Gesture } from "../state/gesture.js" */

let isHeard = false;

/** Listens to clicks on notifications. Without the permission there is nothing to listen to. */
export function hearNotifications() {
  if (isHeard || !browser.notifications) return;
  isHeard = true;
  browser.notifications.onClicked.addListener(open);
}

/**
 * @param {number} tabId
 * @param {Pick<Gesture, "id" | "fromMenu">} gesture
 */
export async function notifyEnd(tabId, { id, fromMenu }) {
  if (!fromMenu || !browser.notifications || !await prefers("notify")) return;
  const gesture = await gestureOf(tabId, id);
  // Undo was the person's own; they were looking.
  if (!gesture || isUnderWay(gesture) || gesture.outcome?.code === "cancelled") return;
  if (await isPopupOpen(tabId)) return;
  try {
    await browser.notifications.create(`${tabId}:${id}`, contentOf(gesture));
  } catch {
    // The permission was taken back just now, or the system shows none: badge and title tell it too.
  }
}

/**
 * @param {Gesture} gesture
 * @returns {chrome.notifications.NotificationCreateOptions}
 */
function contentOf(gesture) {
  const { heading, sentence, advice } = cardOf(gesture, Date.now(), wordsOf(browser.i18n.getMessage));
  return {
    type: "basic",
    iconUrl: browser.runtime.getURL("icons/mark-128.png"),
    title: heading,
    message: [nameOf(gesture), sentence, advice].filter(Boolean).join("\n"),
  };
}

/**
 * Leads to the tab that needs the person, else to what was flattred.
 * @param {string} name of the notification
 */
async function open(name) {
  browser.notifications.clear(name);
  const [tab = "", id = ""] = name.split(":", 2);
  const tabId = Number(tab);
  const gesture = await gestureOf(tabId, id);
  if (!gesture || !needsPerson(gesture)) return openPage("history");
  const { windowId } = await browser.tabs.update(tabId, { active: true }) ?? {};
  if (windowId !== undefined) await browser.windows.update(windowId, { focused: true });
  await openPopup(tabId);
}

/**
 * @param {number} tabId
 * @param {string} id
 */
async function gestureOf(tabId, id) {
  return (await tabs.read(tabId))?.gestures.find((one) => one.id === id);
}
