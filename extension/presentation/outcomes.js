/**
 * How each way a gesture can end is shown: a tone, and the keys of its words. One row a code; those
 * of the host are the table of error codes in docs/protocol.md, and a test compares the two.
 */

/**
 * Buttons that open a page of the extension, and the keys of what is written on them.
 * @typedef {"connect" | "history" | "setup"} PageAct
 * @type {Readonly<Record<PageAct, string>>}
 */
export const PAGE_ACTS = Object.freeze({
  connect: "popup_connect_button",
  history: "popup_history_button",
  setup: "popup_setup_button",
});

/**
 * @typedef {"busy" | "grace" | "good" | "quiet" | "question" | "offer" | "kept" | "unsent" | "trouble"} Tone
 *
 * @typedef {object} Look
 * @property {Tone} tone
 * @property {string} heading key of the words
 * @property {string} sentence key of the words
 * @property {PageAct} [act] where to go, the one thing that helps
 * @property {boolean} [log] whether the log says more
 */

/**
 * @param {Tone} tone
 * @param {string} heading
 * @param {string} sentence
 * @param {Pick<Look, "act" | "log">} [help]
 * @returns {Look}
 */
function look(tone, heading, sentence, help) {
  return { tone, heading, sentence, ...help };
}

/** The extension and the host misunderstood each other: a defect, and nothing was flattred. */
const MISUNDERSTOOD = look(
  "trouble", "popup_misunderstood_heading", "popup_misunderstood_sentence", { log: true });

/** A word of the API that no flattr should meet, or one that the API does not have. */
const REFUSED = look("trouble", "popup_server_refused_heading", "popup_server_refused_sentence");

/** The token is there and does not allow it, or is none of the right sort; a new one would. */
const SCOPE = look(
  "trouble", "popup_insufficient_scope_heading", "popup_insufficient_scope_sentence",
  { act: "connect" },
);

const OWN = look("quiet", "popup_flattr_owner_heading", "popup_flattr_owner_sentence");

/** @type {Readonly<Record<string, Look>>} */
export const OUTCOMES = Object.freeze({
  flattred: look("good", "popup_flattred_heading", "popup_flattred_sentence"),
  kept: look("kept", "popup_kept_heading", "outbox_next_sentence"),

  // The host's errors.
  invalid_json: MISUNDERSTOOD,
  invalid_request: MISUNDERSTOOD,
  unknown_type: MISUNDERSTOOD,
  empty_frame: MISUNDERSTOOD,
  frame_too_large: MISUNDERSTOOD,
  answer_too_large: MISUNDERSTOOD,
  duplicate_id: MISUNDERSTOOD,
  too_many_requests: look("trouble", "popup_busy_heading", "popup_busy_sentence"),
  unsupported_protocol: look(
    "trouble", "popup_unsupported_heading", "popup_unsupported_sentence", { act: "setup" }),
  internal_error: look(
    "trouble", "popup_internal_heading", "popup_unknown_end_sentence",
    { act: "history", log: true }),
  not_flattrable: look("quiet", "popup_not_flattrable_heading", "popup_not_flattrable_sentence"),
  confirmation_required: look(
    "question", "popup_confirmation_heading", "popup_caution_unknown_sentence"),
  cancelled: look("quiet", "popup_undone_heading", "popup_undone_sentence"),
  flattr_once: look("quiet", "popup_flattr_once_heading", "popup_flattr_once_sentence"),
  flattr_owner: OWN,
  no_means: look("trouble", "popup_no_means_heading", "popup_no_means_sentence"),
  not_found: look("quiet", "popup_not_found_heading", "popup_not_found_sentence"),
  ledger_unavailable: look(
    "trouble", "popup_ledger_unavailable_heading", "popup_ledger_unavailable_sentence",
    { log: true }),
  invalid_settings: look(
    "trouble", "popup_invalid_settings_heading", "popup_invalid_settings_sentence"),
  validation: look("quiet", "popup_validation_heading", "popup_validation_sentence"),
  unauthorized: look(
    "trouble", "popup_unauthorized_heading", "popup_unauthorized_sentence", { act: "connect" }),
  not_connected: look(
    "trouble", "popup_not_connected_heading", "popup_not_connected_sentence", { act: "connect" }),
  insufficient_scope: SCOPE,
  invalid_scope: SCOPE,
  forbidden: look("trouble", "popup_forbidden_heading", "popup_forbidden_sentence"),
  thing_owner: OWN,
  subscribed: REFUSED,
  invalid_parameters: REFUSED,
  not_acceptable: REFUSED,
  rate_limit_exceeded: look(
    "trouble", "popup_rate_limit_exceeded_heading", "popup_rate_limit_exceeded_sentence"),
  server_refused: REFUSED,
  server_unreachable: look(
    "trouble", "popup_server_unreachable_heading", "popup_server_unreachable_sentence"),
  answer_lost: look(
    "trouble", "popup_answer_lost_heading", "popup_answer_lost_sentence", { act: "history" }),
  bad_answer: look(
    "trouble", "popup_bad_answer_heading", "popup_unknown_end_sentence",
    { act: "history", log: true }),
  server_error: look(
    "trouble", "popup_server_error_heading", "popup_unknown_end_sentence", { act: "history" }),
  token_unavailable: look(
    "trouble", "popup_token_unavailable_heading", "popup_token_unavailable_sentence",
    { act: "connect" }),
  connecting_failed: look(
    "trouble", "popup_connecting_failed_heading", "popup_connecting_failed_sentence",
    { act: "connect" }),
  account_error: look(
    "trouble", "popup_account_error_heading", "popup_account_error_sentence",
    { act: "connect" }),

  outbox_unavailable: look(
    "trouble", "popup_outbox_unavailable_heading", "popup_outbox_unavailable_sentence",
    { log: true }),
  caller_not_allowed: look(
    "trouble", "popup_caller_not_allowed_heading", "popup_caller_not_allowed_sentence",
    { act: "setup" }),
  interrupted: look("unsent", "popup_unsent_heading", "popup_interrupted_sentence"),
  payee_not_seen: look("unsent", "popup_unsent_heading", "popup_payee_not_seen_sentence"),

  // Of the history's pictures, which are left out then.
  image_unavailable: REFUSED,

  // Found out on this side of the port.
  popup_closed: look("unsent", "popup_unsent_heading", "popup_closed_sentence"),
  never_sent: look("unsent", "popup_unsent_heading", "popup_never_sent_sentence"),
  cancelled_unsure: look(
    "trouble", "popup_cancelled_unsure_heading", "popup_cancelled_unsure_sentence",
    { act: "history" }),
  forgotten: look(
    "trouble", "popup_forgotten_heading", "popup_forgotten_sentence", { act: "history" }),
  outbox_stopped: look("kept", "popup_outbox_stopped_heading", "popup_outbox_stopped_sentence"),
  not_installed: look(
    "trouble", "popup_not_installed_heading", "popup_not_installed_sentence", { act: "setup" }),
  broken: look("trouble", "popup_broken_heading", "popup_broken_sentence", { act: "setup" }),
  host_too_old: look(
    "trouble", "popup_host_too_old_heading", "popup_host_too_old_sentence", { act: "setup" }),
  crashed: look(
    "trouble", "popup_crashed_heading", "popup_unknown_end_sentence", { act: "history" }),
  no_answer: look(
    "trouble", "popup_no_answer_heading", "popup_unknown_end_sentence", { act: "history" }),
  background_stopped: look(
    "trouble", "popup_background_stopped_heading", "popup_unknown_end_sentence",
    { act: "history" }),
  not_http: look("quiet", "popup_not_flattrable_heading", "reason_not_http_sentence"),
  too_long: look("quiet", "popup_not_flattrable_heading", "reason_too_long_sentence"),
});

/** Nothing to flattr, but the page is part of something that is; the heading takes what that is. */
export const PART_OF = look("offer", "popup_part_of_heading", "popup_not_flattrable_sentence");

/** There is nothing to say against it; the person wants to be asked before each flattr. */
export const ASK_FIRST = look("offer", "popup_ask_first_heading", "popup_caution_ask_first_sentence");

/** There is more than one thing to say yes to. */
export const SEVERAL = look("question", "popup_several_heading", "popup_several_sentence");

/** A code that a newer host may know: its own sentence is shown. */
export const UNKNOWN_CODE = look("trouble", "popup_refused_heading", "popup_refused_sentence");
