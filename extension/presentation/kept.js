/**
 * Why a flattr waits, whether it was paid, and when it is sent: sentences for the popup, the button's
 * title, and the list of what waits. Nothing runs while nobody flattrs, so that a time is always one
 * before which nothing is tried.
 */

import { NEEDS_PERSON, mayHaveArrived } from "../state/entry_outcome.js";
import { OUTCOMES } from "./outcomes.js";

/** @import { Outcome } from "../state/gesture.js" */
/** @import { Words } from "./words.js" */

/** Keys of sentences for what keeps a flattr; those before `no_means` may pass by themselves. */
const REASONS = new Map(Object.entries({
  sending: "outbox_sending_sentence",
  server_unreachable: "outbox_unreachable_sentence",
  answer_lost: "outbox_answer_lost_sentence",
  bad_answer: "outbox_server_error_sentence",
  server_error: "outbox_server_error_sentence",
  internal_error: "outbox_internal_sentence",
  rate_limit_exceeded: "outbox_limit_sentence",
  ledger_unavailable: "outbox_ledger_sentence",
  no_means: "outbox_no_means_sentence",
  insufficient_scope: "outbox_scope_sentence",
  invalid_scope: "outbox_scope_sentence",
  not_connected: "outbox_not_connected_sentence",
  token_unavailable: "outbox_token_sentence",
  unauthorized: "outbox_unauthorized_sentence",
}));

/** Of these, a connected account helps. */
const CONNECTING_HELPS = new Set([
  "insufficient_scope", "invalid_scope", "not_connected", "token_unavailable", "unauthorized",
]);

/** @param {string | undefined} reason */
export function connectingHelps(reason) {
  return CONNECTING_HELPS.has(reason ?? "");
}

/**
 * @param {Pick<Outcome, "reason" | "message" | "nextTry">} kept
 * @param {number} now
 * @param {Words} words
 */
export function keptSentence(kept, now, words) {
  const isUnsure = mayHaveArrived(kept.reason);
  const paid = words.say(isUnsure ? "outbox_unsure_sentence" : "outbox_unpaid_sentence");
  return [whyKept(kept, words), paid, whenSent(kept, now, words)].filter(Boolean).join(" ");
}

/**
 * @param {Pick<Outcome, "reason" | "message">} kept
 * @param {Words} words
 */
export function whyKept({ reason, message }, words) {
  const key = REASONS.get(reason ?? "");
  if (key) return words.say(key);
  if (reason && message) return message;
  const look = OUTCOMES[reason ?? ""];
  return look ? words.say("outbox_reason_sentence", words.say(look.heading))
    : words.say("outbox_unknown_sentence");
}

/**
 * @param {Pick<Outcome, "reason" | "nextTry">} kept
 * @param {number} now
 * @param {Words} words
 * @returns {string} empty for what is being sent
 */
export function whenSent({ reason = "", nextTry = 0 }, now, words) {
  if (reason === "sending") return "";
  if (NEEDS_PERSON.has(reason)) return words.say("outbox_person_sentence");
  if (nextTry > now) return words.say("outbox_when_sentence", words.sayFromNow(nextTry - now));
  return words.say("outbox_next_sentence");
}
