/**
 * The popup's port to the background: its end tells either side that the other has gone. Whatever
 * closes the popup, no code of its own would run; and a background that was stopped lost what it had
 * under way, and has to be started to find out what became of it.
 */

/** A background that is stopped again and again is not started for ever: each asks a host. */
const MOST_LOSSES = 5;

/** @typedef {Pick<chrome.runtime.Port, "postMessage" | "disconnect" | "onDisconnect">} Port */

export class Lifeline {
  /** @type {() => Port} */ #connect;
  /** @type {() => void} */ #onLost;
  /** @type {Port | null} */ #port = null;
  #losses = 0;

  /**
   * @param {() => Port} connect
   * @param {() => void} onLost called when the background has gone
   */
  constructor(connect, onLost) {
    this.#connect = connect;
    this.#onLost = onLost;
  }

  get isHeld() {
    return this.#port !== null;
  }

  /**
   * Says which flattrs are undone if this popup closes.
   * @param {string[]} undoable ids of gestures
   */
  hold(undoable) {
    if (!this.#port && this.#losses >= MOST_LOSSES) return;
    this.#port ??= this.#open();
    this.#port.postMessage({ shown: undoable });
  }

  /** Nothing is undone any more if this popup closes, and nothing is waited for. */
  release() {
    this.#port?.postMessage({ shown: [] });
    this.#port?.disconnect();
    this.#port = null;
  }

  #open() {
    const port = this.#connect();
    port.onDisconnect.addListener(() => {
      if (port !== this.#port) return;
      this.#port = null;
      this.#losses += 1;
      this.#onLost();
    });
    return port;
  }
}
