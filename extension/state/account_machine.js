/**
 * What the options page shows, as plain data and pure functions. The host keeps the account; the
 * page only knows what it was told last, and what is under way.
 *
 *     asking ──done──▶ idle ──connect──▶ starting ──authorize──▶ waiting ──done, error──▶ idle
 *                       └──disconnect, connect "embedded"──▶ changing ──done, error──▶ idle
 */

import { EMBEDDED } from "../conversation/messages.js";

/** @import { Account, Answer, Failure } from "../conversation/messages.js" */

/** @typedef {"embedded" | "server"} Place */

/**
 * @typedef {object} AccountState
 * @property {Account | null} account null as long as the host has not said
 * @property {Place} chosen what the person looks at; it need not be in use
 * @property {"asking" | "idle" | "starting" | "waiting" | "changing"} doing
 * @property {string} server the address that is being connected to, as it was typed
 * @property {string} authorizeUrl where the person says yes
 * @property {Failure | null} trouble
 */

/** @type {Readonly<AccountState>} */
export const UNKNOWN = Object.freeze({
  account: null,
  chosen: "embedded",
  doing: "asking",
  server: "",
  authorizeUrl: "",
  trouble: null,
});

/**
 * Whether the host may be asked how things stand: not while it is doing something.
 * @param {AccountState} state
 */
export function canAsk(state) {
  return state.doing === "idle";
}

/**
 * @param {AccountState} state
 * @returns {AccountState}
 */
export function asking(state) {
  return { ...state, doing: "asking", trouble: state.account && state.trouble };
}

/**
 * The answer to `account`, which may be asked again at any time: what the person has chosen and what
 * went wrong before stay, unless there is something new.
 * @param {AccountState} state
 * @param {Answer} answer
 * @returns {AccountState}
 */
export function toldAccount(state, answer) {
  // Something else was asked for meanwhile, and its answer is newer.
  if (state.doing !== "asking") return state;
  if (answer.type === "error") return { ...state, doing: "idle", account: null, trouble: answer };
  const told = settled(state, answer);
  const isNews = JSON.stringify(told.account) !== JSON.stringify(state.account);
  return isNews ? told : { ...state, doing: "idle" };
}

/**
 * The answer to a request that changes something. To have cancelled is no trouble.
 * @param {AccountState} state
 * @param {Answer} answer
 * @returns {AccountState}
 */
export function settled(state, answer) {
  const over = { ...state, doing: /** @type {const} */ ("idle"), authorizeUrl: "" };
  if (answer.type === "error") {
    return { ...over, trouble: answer.code === "cancelled" ? null : answer };
  }
  const { api_url = EMBEDDED, username = null, token_place = null } = answer;
  const account = { api_url, username, token_place };
  return { ...over, account, chosen: placeOf(account), trouble: null };
}

/**
 * @param {AccountState} state
 * @param {Place} chosen
 * @returns {AccountState}
 */
export function chose(state, chosen) {
  return { ...state, chosen, trouble: null };
}

/**
 * @param {AccountState} state
 * @param {string} server
 * @returns {AccountState}
 */
export function starting(state, server) {
  return { ...state, doing: "starting", server, authorizeUrl: "", trouble: null };
}

/**
 * @param {AccountState} state
 * @param {string} authorizeUrl
 * @returns {AccountState}
 */
export function waiting(state, authorizeUrl) {
  return { ...state, doing: "waiting", authorizeUrl };
}

/**
 * @param {AccountState} state
 * @returns {AccountState}
 */
export function changing(state) {
  return { ...state, doing: "changing", trouble: null };
}

/** @param {Account} account */
export function placeOf(account) {
  return account.api_url === EMBEDDED ? "embedded" : "server";
}

/**
 * The parts of the page that are shown. Of those below a choice there is at most one.
 * @param {AccountState} state
 * @returns {Set<"asking" | "places" | "use-embedded" | "connect" | "connecting" | "connected">}
 */
export function partsOf(state) {
  const { account, chosen, doing } = state;
  if (!account) return new Set(doing === "asking" ? ["asking"] : []);
  if (doing === "starting" || doing === "waiting") return new Set(["places", "connecting"]);
  if (chosen === "embedded") {
    return new Set(placeOf(account) === "embedded" ? ["places"] : ["places", "use-embedded"]);
  }
  return new Set(["places", account.username === null ? "connect" : "connected"]);
}

/**
 * A server's name for a person: its host, and the path where its API is not at the usual one.
 * @param {string} address as the host tells it, or as the person typed it
 */
export function serverName(address) {
  const typed = address.trim();
  const url = /^https?:\/\//i.test(typed) ? typed : `https://${typed}`;
  if (!URL.canParse(url)) return typed;
  const { host, pathname } = new URL(url);
  return host + basePath(pathname);
}

/**
 * A server's address as a person would type it.
 * @param {string} apiUrl
 */
export function addressToType(apiUrl) {
  return apiUrl === EMBEDDED ? "" : basePath(apiUrl);
}

/** @param {string} path of an API */
function basePath(path) {
  return path.replace(/\/(rest\/v2\/?)?$/, "");
}
