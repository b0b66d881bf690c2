/**
 * What the popup asks of the background, because the person pressed something there. Nothing else is
 * listened to, and nothing can be asked for but what the tab's own state holds: a flattr that is
 * offered, that waits, or that ended unsent.
 */

import { endedEntry } from "../state/gesture.js";
import { markRead } from "../state/tab_machine.js";
import * as tabs from "../state/tab_store.js";
import { again, confirm, dismiss, undo } from "./flattr_gesture.js";
import { forget, resolveOrphans, retry, tellSeen } from "./outbox.js";
import { isPopup } from "./own_pages.js";

/** @import { Sender } from "./own_pages.js" */

/** @typedef {"undo" | "confirm" | "dismiss" | "again" | "retry" | "forget" | "read"} PopupAct */

/**
 * @typedef {object} PopupMessage
 * @property {PopupAct} act
 * @property {number} tab
 * @property {string[]} gestures ids; `read` can have several, the others have one
 * @property {string} [offer] of `confirm`: which one, as the host named it
 */

/** @type {Readonly<Record<PopupAct, (message: PopupMessage, id: string) => Promise<unknown>>>} */
const ACTS = Object.freeze({
  undo: (_, id) => undo(id),
  confirm: ({ tab, offer = "" }, id) => confirm(tab, id, offer),
  dismiss: ({ tab }, id) => dismiss(tab, id),
  again: ({ tab }, id) => again(tab, id),
  retry: ({ tab }, id) => retry(tab, id),
  forget: ({ tab }, id) => forget(tab, id),
  read: ({ tab, gestures }) => hearRead(tab, gestures),
});

/**
 * @param {unknown} message
 * @param {Sender} sender
 */
export async function hearPopup(message, sender) {
  if (!isPopup(sender) || !isPopupMessage(message)) return;
  const [id = ""] = message.gestures;
  await ACTS[message.act](message, id);
}

/**
 * @param {number} tabId
 * @param {string[]} ids
 */
async function hearRead(tabId, ids) {
  const state = await tabs.amend(tabId, (before) => markRead(before, ids));
  const read = (state?.gestures ?? []).filter(({ id }) => ids.includes(id));
  await tellSeen(read.flatMap(endedEntry), tabId);
  await resolveOrphans(tabId);
}

/**
 * @param {any} message
 * @returns {message is PopupMessage}
 */
function isPopupMessage(message) {
  return Object.hasOwn(ACTS, message?.act)
    && Number.isInteger(message.tab)
    && Array.isArray(message.gestures)
    && message.gestures.every((/** @type {unknown} */ id) => typeof id === "string")
    && ["string", "undefined"].includes(typeof message.offer);
}
