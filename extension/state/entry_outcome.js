/**
 * What an entry of the host's outbox says of the gesture that it was asked for with.
 */

/** @import { Entry } from "../conversation/messages.js" */
/** @import { Outcome } from "./gesture.js" */

/** What waits for one of these waits for the person, and is not tried by itself. */
export const NEEDS_PERSON = new Set([
  "insufficient_scope", "invalid_scope", "no_means", "not_connected", "token_unavailable",
  "unauthorized",
]);

/** Of these, the server may have it, and only its answer be missing. */
export const MAY_HAVE_ARRIVED = new Set([
  "answer_lost", "bad_answer", "internal_error", "server_error",
]);

/** @param {string | undefined} reason why it waits */
export function mayHaveArrived(reason) {
  return reason === "sending" || MAY_HAVE_ARRIVED.has(reason ?? "");
}

/**
 * @param {Entry} entry
 * @returns {Outcome}
 */
export function outcomeOf(entry) {
  const { gesture, state, code, message } = entry;
  switch (state) {
    case "settled":
      return { code: "flattred", title: entry.title || null };
    case "refused":
      return { code: code ?? "server_refused", message, entry: gesture };
    case "interrupted":
      return { code: "interrupted", entry: gesture };
    default:
      return keptOutcome(entry, code);
  }
}

/**
 * It waits, or another process of the host is at it.
 * @param {Entry} entry
 * @param {string | null} reason the code of what kept it
 * @returns {Outcome}
 */
export function keptOutcome({ gesture, state, message, next_try_at }, reason) {
  const isSending = state === "sending" || state === "grace";
  return {
    code: "kept",
    entry: gesture,
    reason: isSending ? "sending" : reason ?? "",
    message,
    nextTry: (next_try_at ?? 0) * 1000,
  };
}
