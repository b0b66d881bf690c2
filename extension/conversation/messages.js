/**
 * The conversation with the host, as types: what docs/protocol.md says in words.
 *
 * Everything that goes out is made here, so that nothing larger than the host accepts is ever sent.
 */

/** @import { Hints } from "./hints.js" */

/** The name under which the installer registers the host with the browsers. */
export const HOST_NAME = "io.github.flattr_host";

/**
 * The lowest and highest protocol version that this extension speaks.
 * @type {readonly [lowest: number, highest: number]}
 */
export const PROTOCOL = Object.freeze([1, 1]);

/** What `api_url` is where flattrs go into the ledger on this computer. */
export const EMBEDDED = "embedded";

/** The host gives the person ten minutes to say yes to a server; it knows when they are over. */
export const CONNECT_LIMIT_MS = 11 * 60_000;

/** Sending what waits goes from one slow answer of a server to the next. */
export const OUTBOX_LIMIT_MS = 10 * 60_000;

/** More than anybody has waiting; the most that the host tells, or is told, at once. */
const OUTBOX_COUNT = 1_000;

/**
 * What would be flattred, and why.
 * @typedef {object} Discovery
 * @property {string} url
 * @property {boolean} flattrable
 * @property {string} reason
 * @property {string} explanation a sentence in English
 * @property {string | null} [target] the URL that would be flattred
 * @property {string | null} [user_id] as in `flattrs`, so `github:alice` where only a site knows them
 * @property {string | null} [title]
 * @property {string | null} [site]
 * @property {string} [site_label] what the site calls itself
 * @property {string | null} [kind]
 * @property {string | null} [owner] the name on that site
 * @property {string | null} [name] of the thing on that site
 * @property {string | null} [id] of the thing on that site
 * @property {Discovery | null} [part_of] what the page is only a part of
 * @property {string | null} [fid]
 * @property {string | null} [caution]
 * @property {string | null} [caution_reason]
 */

/**
 * Something that the person may choose.
 * @typedef {object} Offer
 * @property {string} confirm what a request has that says yes to it
 * @property {Discovery} discovery
 */

/**
 * The API's thing, as far as it is shown.
 * @typedef {object} Thing
 * @property {number} id
 * @property {string} url
 * @property {string | null} [title]
 * @property {string | null} [image] its address; empty for none
 * @property {number} [flattrs]
 * @property {User | null} [owner]
 */

/**
 * The API's user, as far as it is shown.
 * @typedef {object} User
 * @property {string} username
 */

/**
 * @typedef {object} Hello
 * @property {string} id
 * @property {"hello"} type
 * @property {readonly [lowest: number, highest: number]} protocol
 * @property {string} extension
 */

/**
 * @typedef {object} Discover
 * @property {string} id
 * @property {"discover"} type
 * @property {string} url
 * @property {Hints} [hints]
 */

/**
 * @typedef {object} Flattr
 * @property {string} id
 * @property {"flattr"} type
 * @property {string} gesture the same one is flattred once, however often it is asked for
 * @property {string} url
 * @property {Hints} [hints]
 * @property {string} [confirm] the offer that the person said yes to, as the host named it
 * @property {true} [link] it is a link that the person pointed at, not the page that they see
 * @property {true} [ask] the person is asked first, however certain it is
 */

/**
 * @typedef {object} Cancel
 * @property {string} id
 * @property {"cancel"} type
 * @property {string} request
 */

/**
 * What the person flattred, newest first; or what somebody else did, as far as others may see it.
 * @typedef {object} Flattrs
 * @property {string} id
 * @property {"flattrs"} type
 * @property {number} count
 * @property {number} page from 1
 * @property {string} [username]
 */

/**
 * Who flattred a thing, newest first.
 * @typedef {object} Flattrers
 * @property {string} id
 * @property {"flattrers"} type
 * @property {number} thing
 * @property {number} count
 * @property {number} page from 1
 */

/**
 * The image of a thing. Whoever has it learns that it was looked at.
 * @typedef {object} ImageRequest
 * @property {string} id
 * @property {"image"} type
 * @property {string} url
 */

/**
 * What the host's settings say of flattring.
 * @typedef {object} Settings
 * @property {number} undo_seconds 0 to 60; 0: it is sent at once
 * @property {boolean} read_links
 * @property {boolean} means
 * @property {string[]} own_usernames
 */

/**
 * @typedef {object} SettingsRequest
 * @property {string} id
 * @property {"settings"} type
 */

/**
 * @typedef {object} ChangeSettings
 * @property {string} id
 * @property {"change_settings"} type
 * @property {Partial<Settings>} settings what is left out stays
 */

/**
 * Where flattrs go, and as whom; or an end to that.
 * @typedef {object} AccountRequest
 * @property {string} id
 * @property {"account" | "disconnect"} type
 */

/**
 * @typedef {object} Connect
 * @property {string} id
 * @property {"connect"} type
 * @property {string} api_url {@link EMBEDDED}, or a server as the person typed it
 */

/**
 * What was asked for and is not settled, newest first.
 * @typedef {object} Outbox
 * @property {string} id
 * @property {"outbox"} type
 * @property {number} count
 * @property {number} page from 1
 */

/**
 * Sends what waits and is due; or all that waits, or one of it, due or not.
 * @typedef {object} OutboxSend
 * @property {string} id
 * @property {"outbox_send"} type
 * @property {true} [now]
 * @property {string} [gesture]
 */

/**
 * The person has seen how these ended. Until then the host counts them as news.
 * @typedef {object} OutboxTold
 * @property {string} id
 * @property {"outbox_told"} type
 * @property {string[]} gestures
 */

/**
 * Cancels what waits, or forgets what ended.
 * @typedef {object} OutboxRemove
 * @property {string} id
 * @property {"outbox_remove"} type
 * @property {string} gesture
 */

/**
 * @typedef {Hello | Discover | Flattr | Cancel | Flattrs | Flattrers | ImageRequest
 *   | SettingsRequest | ChangeSettings | AccountRequest | Connect | Outbox | OutboxSend | OutboxTold
 *   | OutboxRemove} Request
 */

/**
 * A flattr that was asked for, as the host keeps it until its end is known and told.
 * @typedef {object} Entry
 * @property {string} gesture
 * @property {"grace" | "pending" | "sending" | "settled" | "refused" | "interrupted"} state
 * @property {string} url what the person pressed on
 * @property {string} title empty where it is not known
 * @property {string | null} target
 * @property {Discovery | null} discovery null where it is not known yet
 * @property {string} server empty for this computer, else a host
 * @property {string} username
 * @property {number} asked_at seconds since the epoch
 * @property {number} tries
 * @property {number | null} next_try_at seconds since the epoch
 * @property {string | null} code why it waits or was refused
 * @property {string} message the same as a sentence in English; empty for nothing
 * @property {boolean} is_news nobody has seen yet how it ended
 */

/**
 * Where flattrs go, and as whom.
 * @typedef {object} Account
 * @property {string} api_url {@link EMBEDDED}, or a server's
 * @property {string | null} username null where no account is connected
 * @property {"keyring" | "file" | null} token_place
 */

/**
 * One entry of the history: the API's flattr, as far as it is shown.
 * @typedef {object} FlattrRecord
 * @property {number} created_at seconds since the epoch
 * @property {Thing} thing
 * @property {User | null} [owner] who flattred
 */

/**
 * @typedef {object} Status
 * @property {string} id
 * @property {"status"} type
 * @property {string} state `reading`, `discovered`, `undo`, `waiting`, `sending`, `authorize`,
 *   `flattrs`, `outbox`; others may come
 * @property {string} [message]
 * @property {Discovery} [discovery] of `discovered`
 * @property {number} [seconds] of `undo` and `waiting`
 * @property {string} [url] of `authorize`: where the person says yes
 * @property {FlattrRecord[]} [flattrs] of `flattrs`
 * @property {Entry[]} [entries] of `outbox`
 */

/**
 * @typedef {object} Done
 * @property {string} id
 * @property {"done"} type
 * @property {string} [message]
 * @property {Discovery} [discovery]
 * @property {Thing} [thing]
 * @property {boolean} [cancelled] of `cancel`
 * @property {string} [image] of `image`: a `data:` URL
 * @property {number} [undo_seconds] of `settings` and `change_settings`, as in {@link Settings}
 * @property {boolean} [read_links]
 * @property {boolean} [means]
 * @property {string[]} [own_usernames]
 * @property {string} [host_version] of `hello`
 * @property {number} [protocol] of `hello`: the version that both speak
 * @property {boolean} [more] of `flattrs`, `flattrers` and `outbox`: whether there may be a next page
 * @property {string[]} [features] of `hello`: the types of requests that the host knows
 * @property {number} [sent] of `outbox_send`: how many are settled now
 * @property {number} [waiting] of `outbox` and `outbox_send`: how many are not sent yet
 * @property {number} [news] of both and of `outbox_told`: how many ended, and nobody has seen how
 * @property {string} [code] of `outbox_send`: why it stopped before its end
 * @property {boolean} [removed] of `outbox_remove`
 * @property {string} [api_url] of `account`, `connect` and `disconnect`, as in {@link Account}
 * @property {string | null} [username]
 * @property {"keyring" | "file" | null} [token_place]
 */

/**
 * @typedef {object} Failure
 * @property {string | null} id null where it belongs to no request
 * @property {"error"} type
 * @property {string} code
 * @property {string} [message]
 * @property {string} [detail] the part of the message that only this case has
 * @property {string} [reason] of what the browser could not start: what it says itself
 * @property {[number, number]} [protocol] of `unsupported_protocol`: the versions that the host speaks
 * @property {string} [host_version] of `unsupported_protocol`
 * @property {Discovery} [discovery]
 * @property {Offer[]} [offers] of `confirmation_required` and `not_flattrable`: what a yes would
 *   flattr, best first
 * @property {Entry} [kept] of a flattr: it waits in the outbox and is sent later
 */

/** @typedef {Done | Failure} Answer */

/**
 * @param {string} extensionVersion
 * @returns {Hello}
 */
export function hello(extensionVersion) {
  return { id: newId(), type: "hello", protocol: PROTOCOL, extension: extensionVersion };
}

/**
 * What would be flattred, by local rules alone.
 * @param {string} url
 * @param {Hints | null} hints
 * @returns {Discover}
 */
export function discover(url, hints) {
  /** @type {Discover} */
  const request = { id: newId(), type: "discover", url };
  if (hints) request.hints = hints;
  return request;
}

/**
 * @param {{ id: string, url: string, source: "page" | "link", hints: Hints | null,
 *   confirm: string | null }} gesture
 * @param {boolean} asks whether the person is asked first, however certain it is
 * @returns {Flattr}
 */
export function flattr({ id, url, source, hints, confirm }, asks = false) {
  /** @type {Flattr} */
  const request = { id, type: "flattr", gesture: id, url };
  if (hints) request.hints = hints;
  if (confirm) request.confirm = confirm;
  if (source === "link") request.link = true;
  if (asks) request.ask = true;
  return request;
}

/**
 * @param {string} request the id of the flattr to take back
 * @returns {Cancel}
 */
export function cancel(request) {
  return { id: newId(), type: "cancel", request };
}

/**
 * @param {number} count
 * @param {number} page from 1
 * @param {string} [username] somebody else's
 * @returns {Flattrs}
 */
export function flattrs(count, page, username) {
  /** @type {Flattrs} */
  const request = { id: newId(), type: "flattrs", count, page };
  if (username) request.username = username;
  return request;
}

/**
 * @param {number} thing
 * @param {number} count
 * @param {number} page from 1
 * @returns {Flattrers}
 */
export function flattrers(thing, count, page) {
  return { id: newId(), type: "flattrers", thing, count, page };
}

/**
 * @param {string} url
 * @returns {ImageRequest}
 */
export function image(url) {
  return { id: newId(), type: "image", url };
}

/** @returns {SettingsRequest} */
export function settings() {
  return { id: newId(), type: "settings" };
}

/**
 * @param {Partial<Settings>} change
 * @returns {ChangeSettings}
 */
export function changeSettings(change) {
  return { id: newId(), type: "change_settings", settings: change };
}

/**
 * @param {AccountRequest["type"]} type
 * @returns {AccountRequest}
 */
export function account(type) {
  return { id: newId(), type };
}

/**
 * @param {string} apiUrl {@link EMBEDDED}, or a server as the person typed it
 * @returns {Connect}
 */
export function connect(apiUrl) {
  return { id: newId(), type: "connect", api_url: apiUrl };
}

/**
 * @param {number} [page] from 1
 * @returns {Outbox}
 */
export function outbox(page = 1) {
  return { id: newId(), type: "outbox", count: OUTBOX_COUNT, page };
}

/**
 * @param {string} [gesture] this one alone, due or not
 * @returns {OutboxSend}
 */
export function outboxSend(gesture) {
  /** @type {OutboxSend} */
  const request = { id: newId(), type: "outbox_send" };
  if (gesture) request.gesture = gesture;
  return request;
}

/** @returns {OutboxSend} */
export function outboxSendAll() {
  return { id: newId(), type: "outbox_send", now: true };
}

/**
 * @param {string[]} gestures
 * @returns {OutboxTold}
 */
export function outboxTold(gestures) {
  return { id: newId(), type: "outbox_told", gestures: gestures.slice(0, OUTBOX_COUNT) };
}

/**
 * @param {string} gesture
 * @returns {OutboxRemove}
 */
export function outboxRemove(gesture) {
  return { id: newId(), type: "outbox_remove", gesture };
}

/** @returns {string} */
export function newId() {
  return crypto.randomUUID();
}

/**
 * Whether an address is one that can be flattred at all. Others never leave the browser: `file:`
 * names folders of the person, and `about:` pages mean nothing to anybody else.
 * @param {string | null | undefined} address
 * @returns {address is string}
 */
export function isWebAddress(address) {
  return typeof address === "string" && /^https?:\/\//i.test(address) && URL.canParse(address);
}

/**
 * Whether a token may go there, or a person say yes on that page: TLS shows whose it is, or it is on
 * this very machine.
 * @param {string | undefined} address
 * @returns {address is string}
 */
export function isSafeAddress(address) {
  if (!address || !URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username || password) return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/**
 * Whether what a person typed can be a server's address, whose `https://` may be left out. The host
 * looks again, and more closely.
 * @param {string} typed
 */
export function isServerAddress(typed) {
  const address = typed.includes("://") ? typed : `https://${typed}`;
  return isSafeAddress(address) && !/[?#\\\s]/.test(typed);
}

/** @param {string} hostname as {@link URL} writes it */
function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
