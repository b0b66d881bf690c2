/**
 * The conversation with the host, as types: what docs/protocol.md says in words.
 *
 * Everything that goes out is made here, so that nothing larger than the host accepts is ever sent.
 */

/** The name under which the installer registers the host with the browsers. */
export const HOST_NAME = "io.github.flattr_host";

/** The lowest and highest protocol version that this extension speaks. */
export const PROTOCOL = Object.freeze([1, 1]);

export const MAX_TITLE_CHARS = 1_000;
export const MAX_URL_CHARS = 8_192;
export const MAX_PAYMENT_LINKS = 32;

/** What `api_url` is where flattrs go into the ledger on this computer. */
export const EMBEDDED = "embedded";

/** The host gives the person ten minutes to say yes to a server; it knows when they are over. */
export const CONNECT_LIMIT_MS = 11 * 60_000;

/**
 * What a page says of itself, read after the person's gesture.
 * @typedef {object} Hints
 * @property {string | null} title
 * @property {string | null} canonical absolute URL
 * @property {string[]} payment absolute URLs, in document order
 */

/**
 * What would be flattred, and why.
 * @typedef {object} Discovery
 * @property {string} url
 * @property {boolean} flattrable
 * @property {string} reason
 * @property {string} explanation a sentence in English
 * @property {string | null} [target] the URL that would be flattred
 * @property {string | null} [user_id]
 * @property {string | null} [title]
 * @property {string | null} [site]
 * @property {string | null} [kind]
 * @property {string | null} [owner] the name on that site
 * @property {Discovery | null} [part_of]
 * @property {string | null} [fid]
 * @property {string | null} [caution]
 * @property {string | null} [caution_reason]
 */

/**
 * The API's thing, as far as it is shown.
 * @typedef {object} Thing
 * @property {string | null} [title]
 * @property {number} [flattrs]
 */

/**
 * @typedef {object} Hello
 * @property {string} id
 * @property {"hello"} type
 * @property {readonly number[]} protocol
 * @property {string} extension
 */

/**
 * @typedef {object} Flattr
 * @property {string} id
 * @property {"flattr"} type
 * @property {string} url
 * @property {Hints} [hints]
 * @property {string} [confirm] what the person said yes to, as the host named it
 */

/**
 * @typedef {object} Cancel
 * @property {string} id
 * @property {"cancel"} type
 * @property {string} request
 */

/**
 * What the person flattred, newest first.
 * @typedef {object} Flattrs
 * @property {string} id
 * @property {"flattrs"} type
 * @property {number} count
 * @property {number} page from 1
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

/** @typedef {Hello | Flattr | Cancel | Flattrs | AccountRequest | Connect} Request */

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
 * @property {object} thing
 * @property {number} thing.id
 * @property {string} thing.url
 * @property {string | null} [thing.title]
 * @property {{ username: string } | null} [thing.owner]
 */

/**
 * @typedef {object} Status
 * @property {string} id
 * @property {"status"} type
 * @property {string} state `discovered`, `undo`, `waiting`, `sending`, `authorize`, `flattrs`; others
 *   may come
 * @property {string} [message]
 * @property {Discovery} [discovery] of `discovered`
 * @property {number} [seconds] of `undo` and `waiting`
 * @property {string} [url] of `authorize`: where the person says yes
 * @property {FlattrRecord[]} [flattrs] of `flattrs`
 */

/**
 * @typedef {object} Done
 * @property {string} id
 * @property {"done"} type
 * @property {string} [message]
 * @property {Discovery} [discovery]
 * @property {Thing} [thing]
 * @property {boolean} [cancelled] of `cancel`
 * @property {boolean} [more] of `flattrs`: whether there may be a next page
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
 * @property {string} [confirm] of `confirmation_required`: what a yes is to
 * @property {Discovery} [discovery]
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
 * @param {string} id
 * @param {string} url
 * @param {Hints | null} hints
 * @param {string | null} confirm
 * @returns {Flattr}
 */
export function flattr(id, url, hints, confirm) {
  /** @type {Flattr} */
  const request = { id, type: "flattr", url };
  if (hints) request.hints = hints;
  if (confirm) request.confirm = confirm;
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
 * @returns {Flattrs}
 */
export function flattrs(count, page) {
  return { id: newId(), type: "flattrs", count, page };
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

/**
 * Brings what was read in a page into the shape and size of {@link Hints}. A URL that is too long
 * is left out: cut short it would be another URL.
 * @param {unknown} raw whatever the page's script returned
 * @returns {Hints | null} null where the page said nothing usable
 */
export function boundHints(raw) {
  if (typeof raw !== "object" || raw === null) return null;
  const { title, canonical, payment } = /** @type {Record<string, unknown>} */ (raw);
  const links = Array.isArray(payment) ? payment.filter(isShortWebAddress) : [];
  return {
    title: typeof title === "string" ? title.slice(0, MAX_TITLE_CHARS).toWellFormed() : null,
    canonical: isShortWebAddress(canonical) ? canonical : null,
    payment: links.slice(0, MAX_PAYMENT_LINKS),
  };
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isShortWebAddress(value) {
  return typeof value === "string" && value.length <= MAX_URL_CHARS && isWebAddress(value);
}
