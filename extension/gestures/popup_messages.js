/**
 * What the popup asks of the background. Only pages of this extension are listened to: nothing else
 * may cause a flattr, or answer a question in the person's place.
 */

import { markRead } from "../state/tab_machine.js";
import * as tabs from "../state/tab_store.js";
import { confirm, dismiss, undo } from "./flattr_gesture.js";

/**
 * @typedef {object} PopupMessage
 * @property {"undo" | "confirm" | "dismiss" | "read"} act
 * @property {number} tab
 * @property {string[]} gestures ids; `read` can have several, the others have one
 * @property {string} [offer] of `confirm`: which one, as the host named it
 */

/**
 * @param {unknown} message
 * @param {{ id?: string, url?: string }} sender
 */
export async function hearPopup(message, sender) {
  if (!isOwnPage(sender) || !isPopupMessage(message)) return;
  const { act, tab, gestures, offer } = message;
  const [id] = gestures;
  if (act === "read") await tabs.amend(tab, (state) => markRead(state, gestures));
  else if (id === undefined) return;
  else if (act === "undo") await undo(id);
  else if (act === "dismiss") await dismiss(tab, id);
  else if (offer !== undefined) await confirm(tab, id, offer);
}

/** @param {{ id?: string, url?: string }} sender */
function isOwnPage({ id, url }) {
  return id === browser.runtime.id && (url ?? "").startsWith(browser.runtime.getURL(""));
}

/**
 * @param {any} message
 * @returns {message is PopupMessage}
 */
function isPopupMessage(message) {
  return ["undo", "confirm", "dismiss", "read"].includes(message?.act)
    && Number.isInteger(message.tab)
    && Array.isArray(message.gestures)
    && message.gestures.every((/** @type {unknown} */ id) => typeof id === "string")
    && ["string", "undefined"].includes(typeof message.offer);
}
