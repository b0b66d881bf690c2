/**
 * One port to the native host: opened by a request, greeted once, closed a little while after the
 * last answer. It never reconnects by itself and is never held open to be ready: each port is a
 * process on the person's machine.
 */

import { hello } from "./messages.js";

/** @import { Answer, Failure, Request, Status } from "./messages.js" */

/** Long enough for the next gesture to find the host still running. */
const CLOSE_AFTER_MS = 5_000;
/** A cold interpreter on a slow disk takes a second or two; ten mean that it will never answer. */
const HELLO_LIMIT_MS = 10_000;
/** Without a word for so long the host hangs, and the person deserves to be told. */
const SILENCE_LIMIT_MS = 120_000;

/**
 * The part of `runtime.Port` that is used; `error` is Firefox's.
 * @typedef {object} Port
 * @property {(message: object) => void} postMessage
 * @property {() => void} disconnect
 * @property {{ addListener(listener: (message: any) => void): void }} onMessage
 * @property {{ addListener(listener: () => void): void }} onDisconnect
 * @property {{ message: string } | null} [error]
 */

/**
 * @typedef {object} Browser what the connection needs of the browser
 * @property {() => Port} connect
 * @property {() => string | undefined} lastError Chromium's reason for a disconnect
 * @property {string} version of the extension
 */

/**
 * @typedef {object} Pending
 * @property {(answer: Answer) => void} resolve
 * @property {(status: Status) => void} onStatus
 * @property {ReturnType<typeof setTimeout>} limit
 * @property {number} limitMs
 * @property {boolean} heard whether any status came yet
 */

export class HostConnection {
  /** @type {Browser} */ #browser;
  /** @type {Port | null} */ #port = null;
  /** @type {Promise<Answer> | null} */ #greeting = null;
  /** @type {Map<string, Pending>} */ #pending = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #closing;
  #heard = false;

  /** @param {Browser} browser */
  constructor(browser) {
    this.#browser = browser;
  }

  get isOpen() {
    return this.#port !== null;
  }

  /**
   * Opens the port if there is none, and greets the host.
   * @returns {Promise<Answer>} the answer to `hello`; all requests on this port share it
   */
  greet() {
    if (this.#greeting) return this.#greeting;
    const greeting = hello(this.#browser.version);
    try {
      this.#open();
    } catch {
      return Promise.resolve(failure(greeting.id, "broken"));
    }
    this.#greeting = this.#post(greeting, () => {}, HELLO_LIMIT_MS);
    return this.#greeting;
  }

  /**
   * Whether the host takes requests of a type. Greets it for that, as a request would.
   * @param {string} type
   */
  async knows(type) {
    const greeting = await this.greet();
    return greeting.type === "done" && (greeting.features ?? []).includes(type);
  }

  /**
   * Sends a request. Never rejects: what goes wrong with the host is an answer too, with the code
   * `not_installed`, `broken`, `crashed` or `no_answer`; or `host_too_old`, where the host does not
   * take requests of that type, and was sent none.
   * @param {Request} request
   * @param {(status: Status) => void} [onStatus]
   * @param {number} [limitMs] how long the host may be silent
   * @returns {Promise<Answer>}
   */
  async request(request, onStatus = () => {}, limitMs = SILENCE_LIMIT_MS) {
    const greeting = await this.greet();
    if (greeting.type === "error") return greeting;
    const { features } = greeting;
    if (features && !features.includes(request.type)) return failure(request.id, "host_too_old");
    return this.#post(request, onStatus, limitMs);
  }

  /** Ends the host, unless somebody is still waiting for it; without a call that happens by itself. */
  close() {
    if (this.#pending.size === 0) this.#close();
  }

  #open() {
    this.#heard = false;
    const port = this.#browser.connect();
    this.#port = port;
    port.onMessage.addListener((message) => this.#receive(port, message));
    port.onDisconnect.addListener(() => this.#lose(port));
  }

  /**
   * @param {Request} request
   * @param {(status: Status) => void} onStatus
   * @param {number} limitMs how long the host may be silent
   * @returns {Promise<Answer>}
   */
  #post(request, onStatus, limitMs) {
    clearTimeout(this.#closing);
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.#giveUp(), limitMs);
      this.#pending.set(request.id, { resolve, onStatus, limit, limitMs, heard: false });
      try {
        // A port that was lost between the greeting and now is a host that crashed.
        if (!this.#port) throw new Error("no port");
        this.#port.postMessage(request);
      } catch {
        this.#settle(request.id, failure(request.id, "crashed"));
      }
    });
  }

  /**
   * @param {Port} port
   * @param {any} message
   */
  #receive(port, message) {
    if (port !== this.#port || typeof message !== "object" || message === null) return;
    this.#heard = true;
    if (message.type === "status") this.#report(message);
    else if (message.type === "done") this.#settle(message.id, message);
    else if (message.type === "error" && message.id != null) this.#settle(message.id, message);
    else if (message.type === "error") this.#failUnheard(message);
  }

  /** @param {Status} status */
  #report(status) {
    const pending = this.#pending.get(status.id);
    if (!pending) return;
    pending.heard = true;
    clearTimeout(pending.limit);
    // A host that says how long it waits is silent for so long, and has not hung.
    const announcedMs = (status.seconds ?? 0) * 1000;
    pending.limit = setTimeout(() => this.#giveUp(), pending.limitMs + announcedMs);
    pending.onStatus(status);
  }

  /**
   * An error without an id answers a message that the host could not read, so it is about one of
   * those that it has not said anything to; they will get no other answer.
   * @param {Failure} error
   */
  #failUnheard(error) {
    for (const [id, pending] of this.#pending) {
      if (!pending.heard) this.#settle(id, { ...error, id });
    }
  }

  /**
   * @param {string} id
   * @param {Answer} answer
   */
  #settle(id, answer) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    clearTimeout(pending.limit);
    pending.resolve(answer);
    if (this.#pending.size === 0) this.#closeSoon();
  }

  #closeSoon() {
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => this.#close(), CLOSE_AFTER_MS);
  }

  #close() {
    clearTimeout(this.#closing);
    const port = this.#port;
    this.#port = null;
    this.#greeting = null;
    port?.disconnect();
  }


  /** @param {Port} port */
  #lose(port) {
    // Always read, even for a port that was given up: Chromium logs an error nobody looked at.
    const reason = port.error?.message ?? this.#browser.lastError() ?? "";
    if (port !== this.#port) return;
    this.#port = null;
    this.#greeting = null;
    this.#failAll(this.#heard ? "crashed" : causeOfFailedStart(reason), reason);
  }

  #giveUp() {
    const code = this.#heard ? "no_answer" : "broken";
    this.#close();
    this.#failAll(code);
  }

  /**
   * @param {string} code
   * @param {string} [reason] in the browser's words
   */
  #failAll(code, reason) {
    const why = reason ? { reason } : {};
    for (const id of [...this.#pending.keys()]) this.#settle(id, { ...failure(id, code), ...why });
    clearTimeout(this.#closing);
  }
}

/**
 * Chromium also says "not found" of a manifest whose program is gone, and Firefox "No such native
 * application" of one that does not allow this extension: installing mends all of these.
 * @param {string} reason what the browser says of a port that closed before its first message
 * @returns {"not_installed" | "broken"}
 */
export function causeOfFailedStart(reason) {
  const absent = /native messaging host (not found|is forbidden)|no such native application/i;
  return absent.test(reason) ? "not_installed" : "broken";
}

/**
 * @param {string} id
 * @param {string} code
 * @returns {Failure}
 */
function failure(id, code) {
  return { id, type: "error", code };
}
