/**
 * A month's picture: who got how many. A table, whose bars are only there to be looked at.
 */

import { byId, make } from "../presentation/dom.js";
import { byOwner, nameOfUser } from "../presentation/owners.js";
import { hasWholeMonth } from "../state/history_list.js";
import { monthsAround, pictureOf, withoutRest } from "../state/month_picture.js";

/** @import { Words } from "../presentation/words.js" */
/** @import { Part } from "../state/month_picture.js" */
/** @import { HistoryReader } from "./reader.js" */

const MOST_OWNERS = 10;

export class MonthPicture {
  /** @type {Words} */ #words;
  /** @type {(isReached: () => boolean) => Promise<unknown>} */ #readUntil;
  /** @type {(owner: string) => void} */ #onOwner;
  /** @type {HistoryReader | null} */ #reader = null;
  /** @type {HistoryReader | null} whose pages are being read for this picture */ #readFrom = null;
  #month = "";
  #isAll = false;
  /** Whether the whole month is shown, so that nothing more that is read changes it. */
  #isDrawn = false;
  #place = /** @type {HTMLDetailsElement} */ (byId("picture"));

  /**
   * @param {Words} words
   * @param {(isReached: () => boolean) => Promise<unknown>} readUntil
   * @param {(owner: string) => void} onOwner
   */
  constructor(words, readUntil, onOwner) {
    this.#words = words;
    this.#readUntil = readUntil;
    this.#onOwner = onOwner;
    byId("older-month").ariaLabel = words.say("history_older_label");
    byId("newer-month").ariaLabel = words.say("history_newer_label");
    this.#place.open = matchMedia("(width >= 56rem)").matches;
    this.#place.addEventListener("toggle", () => this.#show());
    byId("older-month").addEventListener("click", () => this.#go("older"));
    byId("newer-month").addEventListener("click", () => this.#go("newer"));
    byId("all-owners").addEventListener("click", () => {
      this.#isAll = true;
      this.#show();
      byId("picture-rows").querySelectorAll("button")[MOST_OWNERS]?.focus();
    });
  }

  /** @param {HistoryReader} reader that has read more, or is another one */
  update(reader) {
    if (this.#reader !== reader) this.#isDrawn = false;
    this.#reader = reader;
    this.#month ||= reader.entries[0]?.month ?? "";
    this.#place.hidden = !this.#month;
    if (this.#isDrawn) this.#showWays();
    else this.#show();
  }

  #isWhole() {
    const { entries = [], isComplete = false } = this.#reader ?? {};
    return hasWholeMonth(entries, this.#month, isComplete);
  }

  #show() {
    if (!this.#month || !this.#place.open) return;
    const isWhole = this.#isDrawn = this.#isWhole();
    if (!isWhole) this.#readWhole();
    byId("picture-month").textContent = this.#words.sayMonth(dateOf(this.#month));
    byId("picture-table").hidden = !isWhole;
    const isCut = isWhole && this.#showOwners();
    byId("all-owners").hidden = !isCut;
    if (!isWhole) byId("picture-total").textContent = this.#words.say("history_loading_label");
    this.#showWays();
  }

  async #readWhole() {
    const reader = this.#reader;
    if (this.#readFrom === reader) return;
    this.#readFrom = reader;
    await this.#readUntil(() => this.#reader !== reader || this.#isWhole());
    if (this.#readFrom === reader) this.#readFrom = null;
  }

  /** @returns {boolean} whether some owners are left out */
  #showOwners() {
    const { total, most, parts } = pictureOf(this.#reader?.entries ?? [], this.#month);
    const { shown, rest } = withoutRest(parts, this.#isAll ? Infinity : MOST_OWNERS);
    const longest = Math.max(most, rest?.count ?? 0);
    const rows = shown.map((part) => this.#row(this.#owner(part), part, longest));
    if (rest) rows.push(this.#row(this.#rest(rest.owners), rest, longest));
    byId("picture-rows").replaceChildren(...rows);
    byId("picture-total").textContent = [
      this.#words.sayCount("history_flattrs_count", total),
      this.#words.sayCount("history_owners_count", parts.length),
    ].join(" · ");
    return rest !== null;
  }

  /** A button that has the focus keeps it, so it is not disabled. */
  #showWays() {
    const { older, newer } = monthsAround(this.#reader?.entries ?? [], this.#month);
    byId("older-month").ariaDisabled = String(!older);
    byId("newer-month").ariaDisabled = String(!newer);
  }

  /** @param {"older" | "newer"} way */
  #go(way) {
    const month = monthsAround(this.#reader?.entries ?? [], this.#month)[way];
    if (!month) return;
    this.#month = month;
    this.#isAll = false;
    this.#show();
  }

  /**
   * @param {Node} name
   * @param {{ count: number, share: number }} part
   * @param {number} longest count of the longest bar
   */
  #row(name, { count, share }, longest) {
    const row = make("tr", "");
    const head = make("th", "");
    head.scope = "row";
    const bar = make("span", "bar");
    bar.style.inlineSize = `${(count / longest) * 100}%`;
    head.append(name, bar);
    row.append(head, make("td", "", this.#words.sayNumber(count)),
      make("td", "quiet", this.#words.sayShare(share)));
    return row;
  }

  /** @param {Part} part */
  #owner({ owner }) {
    if (!owner) return make("span", "picture-owner", this.#words.say("history_unowned_label"));
    const name = nameOfUser(owner) || byOwner(owner, this.#words);
    const button = make("button", "picture-owner plain", name);
    button.type = "button";
    button.title = this.#words.say("history_only_this_label");
    button.addEventListener("click", () => this.#onOwner(owner));
    return button;
  }

  /** @param {number} owners */
  #rest(owners) {
    return make("span", "picture-owner", this.#words.sayCount("history_rest_count", owners));
  }
}

/** @param {string} month `YYYY-MM` */
function dateOf(month) {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(year, number - 1, 1);
}
