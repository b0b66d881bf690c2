/**
 * Who else flattred a thing: a button in its row that unfolds a list.
 */

import * as messages from "../conversation/messages.js";
import { make } from "../presentation/dom.js";
import { nameOfUser } from "../presentation/owners.js";
import { troubleOf } from "../presentation/trouble.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { FlattrRecord } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */
/** @import { Entry } from "../state/history_list.js" */

const PAGE_LENGTH = 30;

export class Flattrers {
  /** @type {HostConnection} */ #connection;
  /** @type {Words} */ #words;
  #self;

  /**
   * @param {HostConnection} connection
   * @param {Words} words
   * @param {string} self what the person is called there
   */
  constructor(connection, words, self) {
    this.#connection = connection;
    this.#words = words;
    this.#self = self;
  }

  /**
   * @param {Entry} entry
   * @returns {HTMLElement[]} nothing where nobody else did
   */
  elementsOf({ key, thing, flattrs, owner }) {
    if (flattrs < 2) return [];
    const button = make("button", "others-button plain",
      this.#words.sayCount("history_flattrs_count", flattrs));
    button.type = "button";
    button.title = this.#words.say("history_others_label");
    const panel = make("div", "others");
    panel.id = `others ${key}`.replaceAll(" ", "-");
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", panel.id);
    button.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
      if (!panel.hasChildNodes()) this.#begin(panel, thing, owner);
    });
    return [button, panel];
  }

  /**
   * @param {HTMLElement} panel
   * @param {number} thing
   * @param {string} owner
   */
  #begin(panel, thing, owner) {
    const status = make("p", "quiet");
    status.setAttribute("role", "status");
    panel.append(make("h4", "", this.#words.say("history_others_label")), make("ul", ""), status);
    if (isUser(owner)) panel.append(this.#ownerElement(owner));
    this.#read(panel, status, thing, 1);
  }

  /**
   * @param {HTMLElement} panel
   * @param {HTMLElement} status
   * @param {number} thing
   * @param {number} page
   */
  async #read(panel, status, thing, page) {
    status.textContent = this.#words.say("history_others_loading_label");
    /** @type {FlattrRecord[]} */
    const found = [];
    const answer = await this.#connection.request(messages.flattrers(thing, PAGE_LENGTH, page),
      ({ flattrs = [] }) => void found.push(...flattrs));
    const list = /** @type {HTMLElement} */ (panel.querySelector("ul"));
    list.append(...found.map((flattr) => this.#personElement(flattr)));
    const read = () => this.#read(panel, status, thing, answer.type === "error" ? page : page + 1);
    if (answer.type === "error") {
      status.replaceChildren(`${troubleOf(answer, this.#words).sentence} `,
        this.#button("page_again_button", read));
    } else if (answer.more) {
      status.replaceChildren(this.#button("history_more_button", read));
    } else {
      status.textContent = list.hasChildNodes() ? "" : this.#words.say("history_others_none_sentence");
    }
  }

  /** @param {FlattrRecord} flattr */
  #personElement({ owner, created_at }) {
    const item = make("li", "");
    const name = owner?.username ?? "";
    const when = new Date(created_at * 1000);
    const time = make("time", "quiet", this.#words.sayDate(when));
    time.dateTime = when.toISOString();
    item.append(name === this.#self
      ? make("strong", "", this.#words.say("history_you_text")) : userLink(name), " ", time);
    return item;
  }

  /** @param {string} owner */
  #ownerElement(owner) {
    const element = make("p", "");
    element.append(userLink(owner, this.#words.say("history_user_title", nameOfUser(owner))));
    return element;
  }

  /**
   * @param {string} key
   * @param {() => void} press
   */
  #button(key, press) {
    const button = make("button", "", this.#words.say(key));
    button.type = "button";
    button.addEventListener("click", press);
    return button;
  }
}

/**
 * Whether somebody has an account, and so flattrs of their own. Those whom only a site knows have a
 * name with a colon.
 * @param {string} name
 */
export function isUser(name) {
  return name !== "" && !name.includes(":");
}

/**
 * To what somebody flattred.
 * @param {string} username
 * @param {string} [text]
 */
export function userLink(username, text = nameOfUser(username)) {
  const link = make("a", "", text);
  link.href = `history.html?${new URLSearchParams({ user: username })}`;
  return link;
}
