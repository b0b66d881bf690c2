/**
 * Hears a popup close. As long as it shows a flattr that can still be undone it holds a port, and
 * says through it which: whatever ends that port undoes them. A popup that was only loaded, and
 * never shown, says nothing; nor does one that has only ended flattrs to show.
 */

import { undo } from "./flattr_gesture.js";
import { isPopup } from "./own_pages.js";

/**
 * What each popup shows that can be undone: ids of gestures.
 * @type {Map<chrome.runtime.Port, string[]>}
 */
const shownBy = new Map();

/** @param {chrome.runtime.Port} port */
export function hearPort(port) {
  if (!isPopup(port.sender ?? {})) return port.disconnect();
  shownBy.set(port, []);
  port.onMessage.addListener((message) => {
    if (isShown(message)) shownBy.set(port, message.shown);
  });
  port.onDisconnect.addListener(() => close(port));
}

/** @param {chrome.runtime.Port} port */
function close(port) {
  const shown = shownBy.get(port) ?? [];
  shownBy.delete(port);
  const elsewhere = new Set([...shownBy.values()].flat());
  for (const id of shown.filter((one) => !elsewhere.has(one))) undo(id, "popup_closed");
}

/**
 * @param {any} message
 * @returns {message is { shown: string[] }}
 */
function isShown(message) {
  return Array.isArray(message?.shown)
    && message.shown.every((/** @type {unknown} */ id) => typeof id === "string");
}
