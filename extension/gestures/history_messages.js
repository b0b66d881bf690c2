/**
 * What the history page tells the background: which flattrs the person has seen the end of there, so
 * that no tab tells them as news any more. Nothing can be flattred through it.
 */

import { tellSeen } from "./outbox.js";
import { isHistory } from "./own_pages.js";

/** @import { Sender } from "./own_pages.js" */

/**
 * @typedef {object} HistoryMessage
 * @property {string[]} seen what the outbox calls them
 */

/**
 * @param {unknown} message
 * @param {Sender} sender
 */
export async function hearHistory(message, sender) {
  if (isHistory(sender) && isHistoryMessage(message)) await tellSeen(message.seen);
}

/**
 * @param {any} message
 * @returns {message is HistoryMessage}
 */
function isHistoryMessage(message) {
  return Array.isArray(message?.seen)
    && message.seen.every((/** @type {unknown} */ name) => typeof name === "string");
}
