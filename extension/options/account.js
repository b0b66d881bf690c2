/**
 * Where flattrs go: shows what the host says of the account, and asks it to connect or to disconnect.
 * It keeps nothing, and no token ever comes here.
 */

import * as messages from "../conversation/messages.js";
import { byId } from "../presentation/dom.js";
import { troubleOf } from "../presentation/trouble.js";
import { troubleElement } from "../presentation/trouble_element.js";
import * as machine from "../state/account_machine.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Words } from "../presentation/words.js" */
/** @import { Account, Answer, Status } from "../conversation/messages.js" */
/** @import { AccountState, Place } from "../state/account_machine.js" */

const PARTS = /** @type {const} */ (
  ["asking", "places", "use-embedded", "connect", "connecting", "connected"]);

const address = /** @type {HTMLInputElement} */ (byId("address"));
const radios = /** @type {NodeListOf<HTMLInputElement>} */ (
  document.querySelectorAll("input[name=place]"));

/** @type {Words} */
let words;
/** @type {HostConnection} */
let connection;
/** @type {(account: Account | null) => void} */
let onAccount;
/** @type {AccountState} */
let state = machine.UNKNOWN;
/** The request that connects, as long as it is under way. */
let connecting = "";
/** What the address field was filled with from the account; what the person types is left alone. */
let filledWith = "";
let logPlace = "";

/** @param {AccountState} now */
function become(now) {
  const before = state;
  state = now;
  showParts();
  showPlaces();
  showServer();
  if (now.trouble !== before.trouble) showTrouble();
  if (now.account !== before.account) onAccount(now.account);
  announce();
}

/** Puts the focus where the person goes on, if the part that had it is gone. */
function showParts() {
  const hadFocus = document.activeElement?.closest(".panel");
  const parts = machine.partsOf(state);
  for (const part of PARTS) byId(part).hidden = !parts.has(part);
  const wasLost = hadFocus instanceof HTMLElement && hadFocus.hidden;
  if (!wasLost) return;
  /** @type {HTMLElement | null} */
  const next = document.querySelector(".panel:not([hidden]) [data-focus]");
  (next ?? document.querySelector("input:checked"))?.focus();
}

function showPlaces() {
  const { account, chosen, doing } = state;
  const inUse = account && machine.placeOf(account);
  byId("embedded-in-use").hidden = inUse !== "embedded";
  byId("server-in-use").hidden = inUse !== "server";
  for (const radio of radios) {
    radio.checked = radio.value === chosen;
    radio.disabled = doing === "starting" || doing === "waiting" || doing === "changing";
  }
  for (const id of ["embed", "sign-out"]) {
    /** @type {HTMLButtonElement} */ (byId(id)).disabled = doing === "changing";
  }
}

function showServer() {
  const { account, doing, server } = state;
  if (!account) return;
  const name = machine.serverName(account.api_url);
  const isConnected = account.username !== null;
  byId("leaving").textContent = isConnected
    ? words.say("options_embedded_signs_out_sentence", name)
    : words.say("options_embedded_leaves_sentence", name);
  const isEmbedded = machine.placeOf(account) === "embedded";
  byId("signed-out").hidden = isEmbedded;
  byId("staying").hidden = !isEmbedded;
  byId("connected-as").textContent = words.say("options_connected_label", account.username ?? "", name);
  byId("token-place").textContent = account.token_place === "keyring"
    ? words.say("options_token_keyring_sentence")
    : words.say("options_token_file_sentence");
  byId("connecting-words").textContent = connectingWords();
  byId("connecting-more").textContent = doing === "waiting"
    ? words.say("options_waiting_sentence", machine.serverName(server)) : "";
  byId("open-again").hidden = doing !== "waiting";
  fillAddress(machine.addressToType(account.api_url));
}

function connectingWords() {
  return state.doing === "waiting"
    ? words.say("options_waiting_label")
    : words.say("options_starting_label", machine.serverName(state.server));
}

/** @param {string} known */
function fillAddress(known) {
  if (address.value === filledWith) address.value = known;
  filledWith = known;
}

function showTrouble() {
  const { trouble, account, chosen } = state;
  const help = account ? null : { label: words.say("page_again_button"), press: ask };
  const shown = trouble ? [troubleElement(troubleOf(trouble, words), words, logPlace, help)] : [];
  const isOfServer = account !== null && chosen === "server";
  byId("server-trouble").replaceChildren(...isOfServer ? shown : []);
  byId("trouble").replaceChildren(...isOfServer ? [] : shown);
}

/** Trouble speaks for itself. */
function announce() {
  const text = state.trouble ? "" : stateInWords();
  const status = byId("status");
  if (status.textContent !== text) status.textContent = text;
}

function stateInWords() {
  const { account, doing } = state;
  if (!account) return words.say("options_asking_label");
  if (doing === "starting" || doing === "waiting") return connectingWords();
  if (account.api_url === messages.EMBEDDED) return words.say("options_embedded_in_use_label");
  if (account.username === null) return words.say("options_signed_out_label");
  const name = machine.serverName(account.api_url);
  return words.say("options_connected_label", account.username, name);
}

/** How things stand; also when the person comes back here, since the button may have signed out. */
async function ask() {
  become(machine.asking(state));
  const answer = await connection.request(messages.account("account"));
  become(machine.toldAccount(state, answer));
}

function askAgain() {
  if (document.visibilityState === "visible" && machine.canAsk(state)) ask();
}

async function connect() {
  const server = address.value.trim();
  const wrong = whatIsWrong(server);
  sayWrong(wrong);
  if (wrong) {
    become(machine.chose(state, "server"));
    return address.focus();
  }
  const request = messages.connect(server);
  connecting = request.id;
  become(machine.starting(state, server));
  const answer = await connection.request(request, follow, messages.CONNECT_LIMIT_MS);
  // What was given up may have come about all the same; that it did not is known already.
  if (answer.type === "error" && connecting !== request.id) return;
  connecting = "";
  await finish(answer);
}

/** @param {string} server as the person typed it */
function whatIsWrong(server) {
  if (!server) return words.say("options_address_missing_sentence");
  return messages.isServerAddress(server) ? "" : words.say("options_address_wrong_sentence");
}

/** @param {string} text about what stands in the address field; empty for nothing */
function sayWrong(text) {
  byId("address-wrong").textContent = text;
  address.setAttribute("aria-invalid", String(text !== ""));
}

/** @param {Status} status */
function follow({ id, state: what, url }) {
  if (what !== "authorize" || id !== connecting) return;
  if (!messages.isSafeAddress(url)) {
    return giveUp("connecting_failed", words.say("options_unsafe_page_sentence"));
  }
  become(machine.waiting(state, url));
  openAuthorization();
}

/** When it is closed, the browser comes back here by itself. */
async function openAuthorization() {
  const tab = await browser.tabs.getCurrent();
  await browser.tabs.create({ url: state.authorizeUrl, openerTabId: tab?.id });
}

/** @param {Answer} answer */
async function finish(answer) {
  const isConnected = answer.type === "done";
  if (isConnected) filledWith = address.value;
  become(machine.settled(state, answer));
  if (isConnected) await comeToFront();
}

/** The person is in the server's tab still. */
async function comeToFront() {
  try {
    const tab = await browser.tabs.getCurrent();
    if (tab?.id === undefined) return;
    await browser.tabs.update(tab.id, { active: true });
    await browser.windows.update(tab.windowId, { focused: true });
  } catch {
    // The tab was closed: then nobody waits here.
  }
}

/**
 * The page goes on at once: while the host waits for the server's first answer, it can be a while
 * until it says that it has stopped.
 * @param {string} code
 * @param {string} [detail]
 */
function giveUp(code, detail) {
  const id = connecting;
  connecting = "";
  connection.request(messages.cancel(id));
  become(machine.settled(state, { id, type: "error", code, detail }));
}

async function signOut() {
  become(machine.changing(state));
  become(machine.settled(state, await connection.request(messages.account("disconnect"))));
}

async function embed() {
  become(machine.changing(state));
  const request = messages.connect(messages.EMBEDDED);
  become(machine.settled(state, await connection.request(request)));
}

function listen() {
  for (const radio of radios) {
    radio.addEventListener("change", () =>
      become(machine.chose(state, /** @type {Place} */ (radio.value))));
  }
  byId("connect").addEventListener("submit", (event) => {
    event.preventDefault();
    connect();
  });
  byId("open-again").addEventListener("click", openAuthorization);
  address.addEventListener("input", () => sayWrong(""));
  byId("cancel").addEventListener("click", () => giveUp("cancelled"));
  byId("sign-out").addEventListener("click", signOut);
  byId("embed").addEventListener("click", embed);
  document.addEventListener("visibilitychange", askAgain);
  window.addEventListener("focus", askAgain);
}

/**
 * @typedef {object} Given
 * @property {Words} words
 * @property {HostConnection} connection
 * @property {string} logPlace
 * @property {(account: Account | null) => void} onAccount called with what is known of it, whenever
 *   that changes
 */

/** @param {Given} given */
export async function startAccount(given) {
  ({ words, connection, logPlace, onAccount } = given);
  listen();
  await ask();
}

/** The code of what goes wrong there just now; empty for nothing. */
export function accountTrouble() {
  return state.trouble?.code ?? "";
}
