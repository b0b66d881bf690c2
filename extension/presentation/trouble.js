/**
 * What goes wrong on a page where nothing is flattred: the popup's heading, and a sentence that does
 * not speak of a flattr.
 */

import { OUTCOMES, UNKNOWN_CODE } from "./outcomes.js";

/** @import { Failure } from "../conversation/messages.js" */
/** @import { PageAct } from "./outcomes.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} Trouble
 * @property {string} heading
 * @property {string} sentence
 * @property {Exclude<PageAct, "history"> | null} act where to go
 * @property {boolean} log whether the log says more
 */

/**
 * Keys of sentences.
 * @type {ReadonlyMap<string, string>}
 */
const SENTENCES = new Map(Object.entries({
  not_installed: "popup_not_installed_sentence",
  broken: "popup_broken_sentence",
  host_too_old: "popup_host_too_old_sentence",
  caller_not_allowed: "popup_caller_not_allowed_sentence",
  unsupported_protocol: "popup_unsupported_sentence",
  crashed: "trouble_stopped_sentence",
  no_answer: "trouble_stopped_sentence",
  internal_error: "trouble_stopped_sentence",
  too_many_requests: "trouble_later_sentence",
  ledger_unavailable: "trouble_ledger_unavailable_sentence",
  invalid_settings: "trouble_invalid_settings_sentence",
  unauthorized: "trouble_unauthorized_sentence",
  not_connected: "trouble_not_connected_sentence",
  insufficient_scope: "trouble_insufficient_scope_sentence",
  invalid_scope: "trouble_insufficient_scope_sentence",
  rate_limit_exceeded: "trouble_later_sentence",
  server_unreachable: "trouble_server_unreachable_sentence",
  answer_lost: "trouble_server_unreachable_sentence",
  bad_answer: "trouble_bad_answer_sentence",
  server_error: "trouble_later_sentence",
  token_unavailable: "trouble_token_unavailable_sentence",
  connecting_failed: "popup_connecting_failed_sentence",
}));

/** The extension and the host misunderstood each other. */
const MISUNDERSTOOD = "popup_misunderstood_heading";

/**
 * @param {Failure} failure
 * @param {Words} words
 * @returns {Trouble}
 */
export function troubleOf({ code, message, detail }, words) {
  const look = OUTCOMES[code] ?? UNKNOWN_CODE;
  const isMisunderstood = look.heading === MISUNDERSTOOD;
  const key = SENTENCES.get(code) ?? (isMisunderstood && "trouble_misunderstood_sentence");
  const sentence = key ? words.say(key) : message ?? words.say("trouble_later_sentence");
  return {
    heading: words.say(look.heading),
    sentence: [key && detail, sentence].filter(Boolean).join(" "),
    act: look.act === "history" ? null : look.act ?? null,
    log: look.log ?? false,
  };
}
