/**
 * The list of what was flattred, by month and day. It grows as far as a person scrolls, however much
 * was read.
 */

import { byId, make } from "../presentation/dom.js";
import { titleElement } from "../presentation/entry_element.js";
import { byOwner } from "../presentation/owners.js";

/** @import { Words } from "../presentation/words.js" */
/** @import { Entry } from "../state/history_list.js" */

/** How many rows are added at once. */
const STEP = 30;

/**
 * @typedef {object} Parts what else is in a row
 * @property {(by: "owner" | "site", value: string) => void} onFilter
 * @property {(entry: Entry) => HTMLElement | null} imageOf
 * @property {(entry: Entry) => HTMLElement[]} othersOf
 */

export class HistoryList {
  /** @type {Words} */ #words;
  /** @type {Parts} */ #parts;
  /** @type {Entry[]} */ #entries = [];
  #wanted = STEP;
  #shown = 0;
  /** @type {Map<string, number>} */ #counts = new Map();
  /** Those that are still empty, by month. @type {Map<string, HTMLElement>} */ #uncounted = new Map();

  /**
   * @param {Words} words
   * @param {Parts} parts
   */
  constructor(words, parts) {
    this.#words = words;
    this.#parts = parts;
  }

  /** How many there are, shown or not. */
  get length() {
    return this.#entries.length;
  }

  get shown() {
    return this.#shown;
  }

  /** Whether a person who wants more has to wait for the host. */
  get isShort() {
    return this.#entries.length < this.#wanted;
  }

  get isAllShown() {
    return this.#shown === this.#entries.length;
  }

  /** @param {Entry[]} entries instead of all that is there */
  show(entries) {
    byId("days").replaceChildren();
    this.#entries = [];
    this.#wanted = STEP;
    this.#shown = 0;
    this.#counts.clear();
    this.#uncounted.clear();
    this.add(entries);
  }

  /** @param {Entry[]} entries older than all that is there */
  add(entries) {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#counts.set(entry.month, (this.#counts.get(entry.month) ?? 0) + 1);
    }
    this.#fill();
  }

  grow() {
    this.#wanted = this.#shown + STEP;
    this.#fill();
  }

  /**
   * Says at each month how many there are in it, as soon as that is known.
   * @param {(month: string) => boolean} isWhole
   */
  sayCounts(isWhole) {
    for (const [month, element] of this.#uncounted) {
      if (!isWhole(month)) continue;
      const count = this.#counts.get(month) ?? 0;
      element.textContent = this.#words.sayCount("history_flattrs_count", count);
      this.#uncounted.delete(month);
    }
  }

  /** @param {number} at */
  focusRow(at) {
    /** @type {HTMLElement | undefined} */ (byId("days").querySelectorAll(".entry")[at])?.focus();
  }

  #fill() {
    const next = this.#entries.slice(this.#shown, this.#wanted);
    for (const entry of next) this.#dayOf(entry).append(this.#row(entry));
    this.#shown += next.length;
  }

  /**
   * The list of an entry's day, which an earlier entry may have begun.
   * @param {Entry} entry
   */
  #dayOf({ when, month, day }) {
    const months = byId("days");
    const monthSection = lastFor(months, month)
      ?? begin(months, month, "month", this.#monthHeading(when, month));
    const daySection = lastFor(monthSection, day)
      ?? begin(monthSection, day, "day", make("h3", "", this.#words.sayWeekday(when)));
    const list = daySection.querySelector("ul") ?? daySection.appendChild(make("ul", ""));
    daySection.style.setProperty("--rows", String(list.childElementCount + 1));
    return list;
  }

  /**
   * @param {Date} when
   * @param {string} month
   */
  #monthHeading(when, month) {
    const heading = make("h2", "month-heading", `${this.#words.sayMonth(when)} `);
    const count = make("span", "month-count quiet");
    this.#uncounted.set(month, count);
    heading.append(count);
    return heading;
  }

  /** @param {Entry} entry */
  #row(entry) {
    const item = make("li", "entry");
    item.tabIndex = -1;
    const time = make("time", "quiet", this.#words.sayTime(entry.when));
    time.dateTime = entry.when.toISOString();
    const image = this.#parts.imageOf(entry);
    const text = make("div", "entry-text");
    text.append(titleElement(entry.title, entry.link), this.#details(entry));
    item.append(...(image ? [image] : []), text, time, ...this.#parts.othersOf(entry));
    return item;
  }

  /** @param {Entry} entry */
  #details({ title, address, site, owner }) {
    const element = make("p", "details quiet");
    if (owner) element.append(this.#filterButton(byOwner(owner, this.#words), "owner", owner));
    if (owner && site) element.append(" · ");
    const where = make("bdi", "");
    where.dir = "ltr";
    if (site) where.append(this.#filterButton(site, "site", site));
    if (title !== address) where.append(address.slice(site.length));
    element.append(where);
    return element;
  }

  /**
   * @param {string} text
   * @param {"owner" | "site"} by
   * @param {string} value
   */
  #filterButton(text, by, value) {
    const button = make("button", "plain", text);
    button.type = "button";
    button.title = this.#words.say("history_only_this_label");
    button.addEventListener("click", () => this.#parts.onFilter(by, value));
    return button;
  }
}

/**
 * @param {HTMLElement} parent
 * @param {string} key
 */
function lastFor(parent, key) {
  const last = parent.lastElementChild;
  return last instanceof HTMLElement && last.dataset.key === key ? last : null;
}

/**
 * @param {HTMLElement} parent
 * @param {string} key
 * @param {string} name
 * @param {HTMLElement} heading
 */
function begin(parent, key, name, heading) {
  const section = make("section", name);
  section.dataset.key = key;
  section.append(heading);
  parent.append(section);
  return section;
}
