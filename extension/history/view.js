/**
 * What is read of the history and what of that is shown: all of it as far as a person scrolls, or
 * what they search for in the whole.
 */

import { byId } from "../presentation/dom.js";
import { hasWholeMonth } from "../state/history_list.js";
import { EVERYTHING, finderOf, isEverything } from "../state/history_search.js";
import { HistoryReader, MANY, SOME } from "./reader.js";

/** @import { Failure } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */
/** @import { Entry } from "../state/history_list.js" */
/** @import { Search } from "../state/history_search.js" */
/** @import { HistoryList } from "./list.js" */

/**
 * @typedef {object} Around what the page does beside it
 * @property {(onRead: (entries: Entry[]) => void, onWait: (seconds: number) => void) => HistoryReader}
 *   newReader
 * @property {(reader: HistoryReader) => void} onRead called when there is more
 * @property {(failure: Failure, again: () => void) => void} onFailure
 */

export class HistoryView {
  /** @type {Words} */ #words;
  /** @type {HistoryList} */ #list;
  /** @type {Around} */ #around;
  /** @type {HistoryReader} */ #reader;
  /** @type {Search} */ #search = EVERYTHING;
  #find = finderOf(EVERYTHING);
  #stopper = new AbortController();
  #isSearching = false;
  #readings = 0;
  /** Whether the list goes on by itself as one scrolls. */
  #isFlowing = true;

  /**
   * @param {Words} words
   * @param {HistoryList} list
   * @param {Around} around
   */
  constructor(words, list, around) {
    this.#words = words;
    this.#list = list;
    this.#around = around;
    this.#reader = this.#newReader();
    byId("more").addEventListener("click", () => this.#pressMore());
    byId("stop").addEventListener("click", () => this.#stop());
  }

  /** What was read, whether it is shown or not. */
  get entries() {
    return this.#reader.entries;
  }

  /** What the search finds; of all that was read. */
  get found() {
    return this.entries.filter(this.#find);
  }

  /** Reads what is shown first, or what is found. */
  begin() {
    return isEverything(this.#search)
      ? this.read(() => !this.#list.isShort, SOME) : this.readWhole();
  }

  /** Forgets what was read: there is something newer. */
  beginAnew() {
    this.#reader = this.#newReader();
    this.#list.show([]);
    return this.begin();
  }

  /** Shows the same in another way. */
  showAnew() {
    this.#list.show(this.found);
    this.#update();
  }

  /** @param {Search} search */
  look(search) {
    this.#stopper.abort();
    this.#search = search;
    this.#find = finderOf(search);
    this.#isFlowing = true;
    this.showAnew();
    if (!isEverything(search)) this.readWhole();
  }

  /**
   * @param {() => boolean} isReached
   * @param {number} [count]
   * @param {AbortSignal} [signal]
   */
  async read(isReached, count = MANY, signal) {
    const reader = this.#reader;
    byId("trouble").replaceChildren();
    this.#readings += 1;
    this.#sayLoading(this.#words.say("history_loading_label"));
    const failure = await reader.until(isReached, count, signal);
    this.#readings -= 1;
    if (this.#readings === 0) this.#sayLoading("");
    if (reader !== this.#reader) return;
    this.#isFlowing &&= !failure;
    if (failure) this.#around.onFailure(failure, () => this.#again(isReached, count));
    this.#update();
  }

  /**
   * Everything there is, for what must not miss anything. The person can stop it.
   * @returns {Promise<boolean>} whether that is all
   */
  async readWhole() {
    if (this.#reader.isComplete) return true;
    this.#stopper.abort();
    const { signal } = this.#stopper = new AbortController();
    this.#setSearching(true);
    await this.read(() => false, MANY, signal);
    if (this.#stopper.signal === signal) this.#setSearching(false);
    return this.#reader.isComplete;
  }

  /** More comes before the end of the list comes into view. */
  flow() {
    const observer = new IntersectionObserver(async (seen) => {
      if (!this.#isFlowing || !seen.at(-1)?.isIntersecting) return;
      await this.#showMore();
      // It is told of again if it is in view still.
      observer.unobserve(byId("more"));
      observer.observe(byId("more"));
    }, { rootMargin: "600px" });
    observer.observe(byId("more"));
  }

  /**
   * @param {() => boolean} isReached
   * @param {number} count
   */
  #again(isReached, count) {
    this.#isFlowing = true;
    return this.read(isReached, count);
  }

  /** @returns {HistoryReader} */
  #newReader() {
    const reader = this.#around.newReader(
      (entries) => {
        if (reader === this.#reader) this.#add(entries);
      },
      (seconds) => {
        const until = this.#words.sayTime(new Date(Date.now() + seconds * 1000));
        this.#sayLoading(this.#words.say("history_waiting_label", until));
      },
    );
    return reader;
  }

  /** @param {Entry[]} entries */
  #add(entries) {
    this.#list.add(entries.filter(this.#find));
    this.#around.onRead(this.#reader);
    this.#update();
  }

  #stop() {
    this.#isFlowing = false;
    this.#stopper.abort();
    byId("search").focus();
  }

  /** @param {boolean} isSearching */
  #setSearching(isSearching) {
    this.#isSearching = isSearching;
    byId("stop").hidden = !isSearching;
  }

  async #showMore() {
    const before = this.#list.shown;
    this.#list.grow();
    if (this.#list.isShort && !this.#isSearching) {
      await this.read(() => !this.#list.isShort, isEverything(this.#search) ? SOME : MANY);
    }
    this.#update();
    const { shown } = this.#list;
    if (shown > before) byId("status").textContent = this.#words.sayCount("history_count", shown);
  }

  /** Somebody who pressed a button goes on where the list went on. */
  async #pressMore() {
    this.#isFlowing = true;
    const before = this.#list.shown;
    await this.#showMore();
    if (this.#list.shown > before) this.#list.focusRow(before);
  }

  #update() {
    const { entries, isComplete } = this.#reader;
    const list = this.#list;
    const isAll = isComplete && list.isAllShown;
    const isNothing = isComplete && entries.length === 0;
    const hadFocus = byId("more").contains(document.activeElement);
    byId("history").hidden = entries.length === 0;
    byId("empty").hidden = !isNothing;
    byId("none").hidden = !isComplete || isNothing || list.length > 0;
    byId("more").hidden = isAll || entries.length === 0;
    byId("end").hidden = !isAll || list.length === 0;
    if (hadFocus && isAll) byId("end").focus();
    list.sayCounts((month) => hasWholeMonth(entries, month, isComplete));
    byId("found").textContent = this.#countsOf(entries.length, isComplete);
  }

  /**
   * @param {number} length
   * @param {boolean} isComplete
   */
  #countsOf(length, isComplete) {
    if (isEverything(this.#search)) {
      return isComplete ? this.#words.sayCount("history_flattrs_count", length) : "";
    }
    return [this.#words.sayCount("history_searched_count", length),
      this.#words.sayCount("history_found_count", this.#list.length)].join(" · ");
  }

  /** @param {string} text */
  #sayLoading(text) {
    byId("loading").textContent = text;
    byId("loading").hidden = !text;
  }
}
