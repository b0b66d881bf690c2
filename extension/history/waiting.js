/**
 * What waits to be sent, above the history: there only while there is something.
 */

import * as messages from "../conversation/messages.js";
import { byId, make } from "../presentation/dom.js";
import { titleElement } from "../presentation/entry_element.js";
import { whenSent, whyKept } from "../presentation/kept.js";
import { OUTCOMES, UNKNOWN_CODE } from "../presentation/outcomes.js";
import { byOwner } from "../presentation/owners.js";
import { endedIn, waitingOf } from "../state/waiting_list.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Entry, OutboxRemove, OutboxSend } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */
/** @import { Waiting } from "../state/waiting_list.js" */

/** Keys of the words for each state. */
const STATES = Object.freeze({
  waits: "outbox_waits_label",
  sending: "outbox_sending_label",
  interrupted: "popup_unsent_heading",
  refused: "outbox_refused_label",
});

export class WaitingList {
  /** @type {HostConnection} */ #connection;
  /** @type {Words} */ #words;
  /** @type {() => void} */ #onSent;
  /** @type {(ended: string[]) => void} */ #onSeen;
  /** @type {Waiting[]} */ #rows = [];
  /** @type {Set<string>} */ #told = new Set();

  /**
   * @param {HostConnection} connection
   * @param {Words} words
   * @param {() => void} onSent called when something has become history
   * @param {(ended: string[]) => void} onSeen called with what the person sees the end of
   */
  constructor(connection, words, onSent, onSeen) {
    this.#connection = connection;
    this.#words = words;
    this.#onSent = onSent;
    this.#onSeen = onSeen;
    document.addEventListener("visibilitychange", () => this.#tellSeen());
    byId("send-all").addEventListener("click", () => this.#change(messages.outboxSendAll()));
  }

  /** Trouble with the host the history says; one that is too old has nothing waiting. */
  async read() {
    if (!(await this.#connection.knows("outbox"))) return;
    /** @type {Entry[]} */
    const entries = [];
    let page = 0;
    let answer;
    do {
      page += 1;
      answer = await this.#connection.request(messages.outbox(page), (status) =>
        void entries.push(...(status.entries ?? [])));
      if (answer.type !== "done") return;
    } while (answer.more);
    this.#show(waitingOf(entries, this.#rows));
    this.#tellSeen();
  }

  /** What is listed in a tab that nobody looks at was seen by nobody. */
  #tellSeen() {
    const ended = endedIn(this.#rows).filter((gesture) => !this.#told.has(gesture));
    if (ended.length === 0 || document.visibilityState !== "visible") return;
    for (const gesture of ended) this.#told.add(gesture);
    this.#onSeen(ended);
  }

  /** @param {Waiting[]} rows */
  #show(rows) {
    const focused = document.activeElement?.closest("#waiting li");
    const at = [...byId("waiting-list").children].findIndex((one) => one === focused);
    this.#rows = rows;
    byId("waiting-list").replaceChildren(...rows.map((row) => this.#rowElement(row)));
    byId("waiting").hidden = rows.length === 0;
    byId("send-all").hidden = rows.filter(({ state }) => state === "waits").length < 2;
    if (focused) this.#focusNear(at);
  }

  /**
   * Where a pressed button was, its neighbour; and the page's heading after the last one.
   * @param {number} at
   */
  #focusNear(at) {
    const items = byId("waiting-list").children;
    const near = items[Math.min(at, items.length - 1)]?.querySelector("button");
    (near ?? byId("heading")).focus();
  }

  /**
   * @param {OutboxSend | OutboxRemove} request
   */
  async #change(request) {
    this.#disable();
    this.#say(this.#words.say(
      request.type === "outbox_send" ? "outbox_sending_now_label" : "outbox_removing_label"));
    const answer = await this.#connection.request(request, undefined, messages.OUTBOX_LIMIT_MS);
    const before = this.#rows.length;
    await this.read();
    this.#enable();
    this.#say(this.#resultOf(answer, before));
    if (answer.type === "done" && answer.sent) this.#onSent();
  }

  /**
   * @param {messages.Answer} answer
   * @param {number} before how many there were
   */
  #resultOf(answer, before) {
    const code = answer.type === "error" ? answer.code : answer.code ?? "";
    if (code) return whyKept({ reason: code, message: answer.message }, this.#words);
    if (this.#rows.length === before) return this.#words.say("outbox_unchanged_label");
    return this.#words.sayCount("outbox_count", this.#rows.length);
  }

  /** @param {string} text below the heading, and read out */
  #say(text) {
    byId("waiting-status").textContent = text;
  }

  /** Focus stays where it is, which it would not on a button that is disabled. */
  #disable() {
    byId("waiting").setAttribute("aria-busy", "true");
  }

  #enable() {
    byId("waiting").removeAttribute("aria-busy");
  }

  /** @param {Waiting} row */
  #rowElement(row) {
    const item = make("li", "entry waiting");
    item.dataset.state = row.state;
    const text = make("div", "");
    const title = titleElement(row.title, row.link);
    title.id = `title-${row.gesture}`;
    const details = make("p", "quiet");
    details.append(...this.#details(row).flatMap((part, at) =>
      [at > 0 ? " · " : "", make("bdi", "", part)]));
    const state = make("p", "state");
    state.append(make("span", "state-name", this.#words.say(STATES[row.state])),
      ` ${this.#explained(row)}`);
    text.append(title, details, state);
    const buttons = make("div", "buttons");
    buttons.append(...this.#buttons(row, title.id));
    item.append(text, buttons);
    return item;
  }

  /**
   * @param {Waiting} row
   * @returns {string[]}
   */
  #details({ title, address, owner, server }) {
    const place = server || this.#words.say("options_embedded_label");
    const by = owner && byOwner(owner, this.#words);
    return [by, title === address ? "" : address, place].filter(Boolean);
  }

  /** @param {Waiting} row */
  #explained(row) {
    const { state, reason, message } = row;
    if (state === "waits" || state === "sending") {
      return [whyKept(row, this.#words), whenSent(row, Date.now(), this.#words)]
        .filter(Boolean).join(" ");
    }
    if (state === "interrupted") return this.#words.say("popup_interrupted_sentence");
    return message || this.#words.say((OUTCOMES[reason] ?? UNKNOWN_CODE).sentence);
  }

  /**
   * @param {Waiting} row
   * @param {string} titleId
   */
  #buttons({ gesture, state }, titleId) {
    const remove = () => this.#change(messages.outboxRemove(gesture));
    const retry = () => this.#change(messages.outboxSend(gesture));
    switch (state) {
      case "sending":
        return [];
      case "waits":
        return [
          this.#button("popup_retry_button", titleId, retry),
          this.#button("popup_cancel_button", titleId, remove),
        ];
      default:
        return [this.#button("outbox_dismiss_button", titleId, remove)];
    }
  }

  /**
   * Heard alone, one Retry is like the other: its name has the title too.
   * @param {string} key
   * @param {string} titleId
   * @param {() => void} press
   */
  #button(key, titleId, press) {
    const button = make("button", "", this.#words.say(key));
    button.type = "button";
    button.id = `${key}-${titleId}`;
    button.setAttribute("aria-labelledby", `${button.id} ${titleId}`);
    button.addEventListener("click", () => {
      if (byId("waiting").ariaBusy !== "true") press();
    });
    return button;
  }
}
