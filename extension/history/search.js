/**
 * What the person looks for in the history: a field to type in, a list of owners and sites, and a
 * chip that says by which of them the list is filtered.
 */

import { byId, make } from "../presentation/dom.js";
import { byOwner, nameOfUser } from "../presentation/owners.js";
import { EVERYTHING, choicesOf } from "../state/history_search.js";
import { isUser, userLink } from "./people.js";

/** @import { Words } from "../presentation/words.js" */
/** @import { Entry } from "../state/history_list.js" */
/** @import { Search } from "../state/history_search.js" */

/** Long enough for the next letter. */
const PAUSE_MS = 200;

export class SearchBar {
  /** @type {Words} */ #words;
  /** @type {(search: Search) => void} */ #onChange;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #pause;
  #field = /** @type {HTMLInputElement} */ (byId("search"));
  #filter = /** @type {HTMLSelectElement} */ (byId("filter"));

  /** @type {Search} */ search = EVERYTHING;

  /**
   * @param {Words} words
   * @param {(search: Search) => void} onChange
   */
  constructor(words, onChange) {
    this.#words = words;
    this.#onChange = onChange;
    this.#field.placeholder = words.say("history_search_label");
    this.offer([]);
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#pause);
      this.#pause = setTimeout(() => this.#change({ text: this.#field.value }), PAUSE_MS);
    });
    this.#filter.addEventListener("change", () => {
      const { by = "", value = "" } = this.#filter.selectedOptions[0]?.dataset ?? {};
      this.filterBy(/** @type {Search["by"]} */ (by), value);
    });
  }

  /**
   * @param {Search["by"]} by
   * @param {string} value
   */
  filterBy(by, value) {
    this.#change({ by, value });
    this.#showFilter();
  }

  clear() {
    clearTimeout(this.#pause);
    this.#field.value = "";
    this.#change(EVERYTHING);
    this.#showFilter();
    this.#field.focus();
  }

  /** @param {Entry[]} entries of which the list has the owners and the sites */
  offer(entries) {
    const every = make("option", "", this.#words.say("history_everything_label"));
    this.#filter.replaceChildren(every,
      ...this.#group("history_owners_label", entries, "owner"),
      ...this.#group("history_sites_label", entries, "site"));
    this.#choose();
  }

  /** @param {Partial<Search>} change */
  #change(change) {
    this.search = { ...this.search, ...change };
    this.#onChange(this.search);
  }

  /**
   * @param {string} key
   * @param {Entry[]} entries
   * @param {"owner" | "site"} by
   */
  #group(key, entries, by) {
    const choices = choicesOf(entries, by);
    if (choices.length === 0) return [];
    const group = make("optgroup", "");
    group.label = this.#words.say(key);
    group.append(...choices.map(({ value }) => this.#option(by, value)));
    return [group];
  }

  /**
   * @param {"owner" | "site"} by
   * @param {string} value
   */
  #option(by, value) {
    const option = make("option", "", this.#label(by, value));
    Object.assign(option.dataset, { by, value });
    return option;
  }

  /**
   * @param {Search["by"]} by
   * @param {string} value
   */
  #label(by, value) {
    return by === "site" ? value : nameOfUser(value) || byOwner(value, this.#words);
  }

  /** What is filtered by is in the list, even if it was not read yet. */
  #choose() {
    const { by, value } = this.search;
    const isIt = (/** @type {HTMLOptionElement} */ { dataset }) =>
      (dataset.by ?? "") === by && (dataset.value ?? "") === value;
    let option = [...this.#filter.options].find(isIt);
    if (!option && by) this.#filter.append(option = this.#option(by, value));
    if (option) option.selected = true;
  }

  #showFilter() {
    this.#choose();
    const { by, value } = this.search;
    const place = byId("chip");
    place.hidden = !by;
    if (!by) return place.replaceChildren();
    const chip = make("button", "chip", this.#label(by, value));
    chip.type = "button";
    chip.title = this.#words.say("history_unfilter_label");
    const cross = make("span", "chip-cross", "×");
    cross.setAttribute("aria-hidden", "true");
    chip.append(cross);
    chip.addEventListener("click", () => {
      this.filterBy("", "");
      this.#filter.focus();
    });
    place.replaceChildren(chip);
    if (by === "owner" && isUser(value)) {
      place.append(userLink(value, this.#words.say("history_user_title", nameOfUser(value))));
    }
  }
}
