/**
 * What the set-up page shows, as plain data and pure functions: how the host answered `hello`, or
 * that nobody did. Only what both browsers tell apart is told apart.
 *
 *     asking ──▶ not_installed, broken, caller_not_allowed,         ──▶ works
 *                host_too_old, extension_too_old, unsupported
 */

import { PROTOCOL } from "../conversation/messages.js";

/** @import { Answer, Failure, Request } from "../conversation/messages.js" */

/**
 * @typedef {"asking" | "works" | "not_installed" | "broken" | "caller_not_allowed" | "host_too_old"
 *   | "extension_too_old" | "unsupported"} Phase `unsupported`: one of the two is too old
 *
 * @typedef {object} SetupState
 * @property {Phase} phase
 * @property {string} hostVersion empty where it is not known
 * @property {string} reason in the browser's or the host's words; empty for nothing
 */

/** @type {Readonly<SetupState>} */
export const UNKNOWN = Object.freeze({ phase: "asking", hostVersion: "", reason: "" });

/**
 * What this extension asks a host for.
 * @type {readonly Request["type"][]}
 */
export const NEEDED = Object.freeze([
  "hello", "discover", "flattr", "cancel", "flattrs", "flattrers", "image", "settings",
  "change_settings", "account", "connect", "disconnect", "outbox", "outbox_send", "outbox_told",
  "outbox_remove",
]);

/** Quoted, where it may have spaces; or up to the next one. */
const PATHS = /(["'“])(?:[a-z]:)?[~/\\][^"'”]*["'”]|(?:\b[a-z]:|~)?[/\\][^\s"'”]*/gi;

/**
 * @param {Answer} answer to `hello`
 * @returns {SetupState}
 */
export function told(answer) {
  const reason = answer.type === "error" ? answer.reason ?? answer.message ?? "" : "";
  return {
    phase: answer.type === "done" ? phaseOf(answer.features ?? []) : phaseOfFailure(answer),
    hostVersion: answer.host_version ?? "",
    reason: withoutPaths(reason),
  };
}

/**
 * Whether it may be otherwise in a while.
 * @param {SetupState} state
 */
export function isToCheck({ phase }) {
  return phase !== "works";
}

/**
 * Firefox names files, and with them the person.
 * @param {string} text
 */
export function withoutPaths(text) {
  return text.replace(PATHS, "…");
}

/**
 * @param {string[]} features
 * @returns {Phase}
 */
function phaseOf(features) {
  return NEEDED.every((type) => features.includes(type)) ? "works" : "host_too_old";
}

/**
 * @param {Failure} failure
 * @returns {Phase}
 */
function phaseOfFailure({ code, protocol }) {
  if (code === "unsupported_protocol") return phaseOfVersions(protocol);
  return code === "not_installed" || code === "caller_not_allowed" ? code : "broken";
}

/**
 * @param {[lowest: number, highest: number]} [spoken] by the host
 * @returns {Phase}
 */
function phaseOfVersions(spoken) {
  const [lowest = 0, highest = 0] = PROTOCOL;
  if (!spoken) return "unsupported";
  if (spoken[0] > highest) return "extension_too_old";
  return spoken[1] < lowest ? "host_too_old" : "unsupported";
}
