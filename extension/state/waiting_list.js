/**
 * What waits to be sent, and what ended and nobody has seen how, as the history page lists it:
 * newest first, like the history below it.
 */

import { isWebAddress } from "../conversation/messages.js";
import { addressOf, tidy } from "../presentation/addresses.js";
import { keptOutcome } from "./entry_outcome.js";

/** @import { Entry } from "../conversation/messages.js" */

/**
 * @typedef {object} Waiting
 * @property {string} gesture
 * @property {"waits" | "sending" | "interrupted" | "refused"} state
 * @property {string} title
 * @property {string} address
 * @property {string} link empty where the address is none of the web
 * @property {string} owner empty where nobody is known
 * @property {string} server empty for this computer
 * @property {string} reason a code; empty where nobody said why
 * @property {string} message the host's own sentence
 * @property {number} nextTry not before, milliseconds since the epoch; 0 for any time
 */

/** @type {Readonly<Record<Entry["state"], Waiting["state"] | null>>} */
const STATES = Object.freeze({
  grace: "sending",
  sending: "sending",
  pending: "waits",
  interrupted: "interrupted",
  refused: "refused",
  settled: null, // the history has it
});

/**
 * What ended is in it once, as news, and then for as long as the page shows it.
 * @param {Entry[]} entries
 * @param {Waiting[]} [before] what the list shows already
 * @returns {Waiting[]}
 */
export function waitingOf(entries, before = []) {
  const shown = new Set(before.map(({ gesture }) => gesture));
  return entries.flatMap((entry) => {
    const state = STATES[entry.state];
    const hasEnded = state === "refused" || state === "interrupted";
    if (!state || (hasEnded && !entry.is_news && !shown.has(entry.gesture))) return [];
    return [rowOf(entry, state)];
  });
}

/**
 * Those whose end the person sees in the list.
 * @param {Waiting[]} rows
 * @returns {string[]} what the outbox calls them
 */
export function endedIn(rows) {
  return rows.filter(({ state }) => state === "refused" || state === "interrupted")
    .map(({ gesture }) => gesture);
}

/**
 * @param {Entry} entry
 * @param {Waiting["state"]} state
 * @returns {Waiting}
 */
function rowOf(entry, state) {
  const { gesture, title, target, url, discovery, server, code, message } = entry;
  const place = target ?? url;
  const { reason = "", nextTry = 0 } = keptOutcome(entry, code);
  return {
    gesture,
    state,
    title: tidy(title) || addressOf(place),
    address: addressOf(place),
    link: isWebAddress(place) ? place : "",
    owner: tidy(discovery?.user_id ?? discovery?.owner) ?? "",
    server,
    reason,
    message,
    nextTry,
  };
}
