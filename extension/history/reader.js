/**
 * Reads a history, page by page, as far as anybody on this page wants it.
 */

import * as messages from "../conversation/messages.js";
import { newEntries } from "../state/history_list.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Failure, FlattrRecord } from "../conversation/messages.js" */
/** @import { Entry } from "../state/history_list.js" */

/** What a person scrolls through, and what a search reads at once: the most that the host gives. */
export const SOME = 30;
export const MANY = 1_000;

export class HistoryReader {
  /** @type {HostConnection} */ #connection;
  #username;
  /** @type {(entries: Entry[]) => void} */ #onRead;
  /** @type {(seconds: number) => void} */ #onWait;
  /** @type {Set<string>} */ #known = new Set();
  /** How many records there were before the next one to read. */
  #place = 0;
  /** @type {Promise<Failure | null> | null} */ #reading = null;

  /** @type {Entry[]} */ entries = [];
  isComplete = false;

  /**
   * @param {HostConnection} connection
   * @param {string} username empty for the person's own
   * @param {(entries: Entry[]) => void} onRead called with what is new
   * @param {(seconds: number) => void} onWait called when the server wants a pause
   */
  constructor(connection, username, onRead, onWait) {
    this.#connection = connection;
    this.#username = username;
    this.#onRead = onRead;
    this.#onWait = onWait;
  }

  /**
   * Reads until that is reached, or the end. Several may do so at once; the pages are the same.
   * @param {() => boolean} isReached
   * @param {number} count how many to ask for at once
   * @param {AbortSignal} [signal] ends it after the page that is being read
   * @returns {Promise<Failure | null>}
   */
  async until(isReached, count, signal) {
    while (!this.isComplete && !isReached() && !signal?.aborted) {
      this.#reading ??= this.#readPage(count).finally(() => {
        this.#reading = null;
      });
      const failure = await this.#reading;
      if (failure) return failure;
    }
    return null;
  }

  /**
   * Pages are counted by their length, so the first one of another length may have some known ones.
   * @param {number} count
   */
  async #readPage(count) {
    const page = Math.floor(this.#place / count) + 1;
    const request = messages.flattrs(count, page, this.#username || undefined);
    /** @type {FlattrRecord[]} */
    const records = [];
    const answer = await this.#connection.request(request, ({ state, flattrs = [], seconds = 0 }) => {
      if (state === "flattrs") records.push(...flattrs);
      if (state === "waiting") this.#onWait(seconds);
    });
    if (answer.type === "error") return answer;
    this.#place = page * count;
    this.isComplete = !answer.more;
    this.#add(newEntries(this.#known, records));
    return null;
  }

  /** @param {Entry[]} entries */
  #add(entries) {
    for (const { key } of entries) this.#known.add(key);
    this.entries.push(...entries);
    this.#onRead(entries);
  }
}
