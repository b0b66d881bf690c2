/**
 * The history page: what the person flattred, newest first, as the ledger or the server tells it.
 */

import * as messages from "../conversation/messages.js";
import { connectionToHost } from "../conversation/native_host.js";
import { byId, fillWords, findLogPlace, make } from "../presentation/dom.js";
import { titleElement } from "../presentation/entry_element.js";
import { byOwner } from "../presentation/owners.js";
import { openPage } from "../presentation/pages.js";
import { troubleOf } from "../presentation/trouble.js";
import { troubleElement } from "../presentation/trouble_element.js";
import { wordsOf } from "../presentation/words.js";
import { serverName } from "../state/account_machine.js";
import { byDay, newEntries } from "../state/history_list.js";
import { WaitingList } from "./waiting.js";

/** @import { Failure, Status } from "../conversation/messages.js" */
/** @import { HistoryMessage } from "../gestures/history_messages.js" */
/** @import { Day, Entry } from "../state/history_list.js" */

const PAGE_LENGTH = 30;

const words = wordsOf(browser.i18n.getMessage);
const connection = connectionToHost();
const days = byId("days");
const waiting = new WaitingList(connection, words, readAnew, tellSeen);

/** @type {Set<string>} */
const known = new Set();
let nextPage = 1;
let logPlace = "";

/** Reads the next page. The button for it is gone until there may be another one. */
async function readOn() {
  byId("trouble").replaceChildren();
  byId("more").hidden = true;
  sayLoading(words.say("history_loading_label"));
  const first = known.size;
  const answer = await connection.request(messages.flattrs(PAGE_LENGTH, nextPage), follow);
  sayLoading("");
  if (answer.type === "error") return showTrouble(answer);
  nextPage += 1;
  byId("more").hidden = !answer.more;
  byId("empty").hidden = known.size > 0;
  byId("end").hidden = Boolean(answer.more) || known.size === 0;
  byId("status").textContent = words.sayCount("history_count", known.size);
  if (first > 0) days.querySelectorAll("li")[first]?.focus();
}

/** What waited is history now. */
function readAnew() {
  known.clear();
  days.replaceChildren();
  nextPage = 1;
  return readOn();
}

/**
 * The background is where all tabs hear that something is no news any more.
 * @param {string[]} seen
 */
function tellSeen(seen) {
  /** @type {HistoryMessage} */
  const message = { seen };
  browser.runtime.sendMessage(message);
}

/** @param {Status} status */
function follow({ state, flattrs, seconds = 0 }) {
  if (state === "flattrs") add(newEntries(known, flattrs ?? []));
  if (state === "waiting") {
    const until = words.sayTime(new Date(Date.now() + seconds * 1000));
    sayLoading(words.say("history_waiting_label", until));
  }
}

/** @param {Entry[]} entries */
function add(entries) {
  for (const { key } of entries) known.add(key);
  for (const day of byDay(entries)) listOf(day).append(...day.entries.map(entryElement));
}

/**
 * The list of a day, which an earlier page may have begun.
 * @param {Day} day
 */
function listOf({ key, entries: [first] }) {
  const last = days.lastElementChild;
  if (last instanceof HTMLElement && last.dataset.day === key) {
    return /** @type {HTMLElement} */ (last.querySelector("ul"));
  }
  const section = make("section", "day");
  section.dataset.day = key;
  const list = make("ul", "");
  const heading = make("h2", "", words.sayDate(first?.when ?? new Date(key)));
  section.append(heading, list);
  days.append(section);
  return list;
}

/** @param {Entry} entry */
function entryElement({ title, address, link, owner, when }) {
  const item = make("li", "entry");
  item.tabIndex = -1;
  const time = make("time", "quiet", words.sayTime(when));
  time.dateTime = when.toISOString();
  const more = [owner && byOwner(owner, words), title !== address && address];
  const details = make("p", "quiet", more.filter(Boolean).join(" · "));
  details.dir = "auto";
  const text = make("div", "");
  text.append(titleElement(title, link), details);
  item.append(text, time);
  return item;
}

/** @param {string} text */
function sayLoading(text) {
  byId("loading").textContent = text;
  byId("loading").hidden = !text;
}

/** @param {Failure} failure */
function showTrouble(failure) {
  const trouble = troubleOf(failure, words);
  const help = trouble.act === "connect"
    ? { label: words.say("popup_connect_button"), press: () => openPage("connect") }
    : { label: words.say("page_again_button"), press: readOn };
  byId("trouble").replaceChildren(troubleElement(trouble, words, logPlace, help));
}

/** Whose history it is. What is wrong with that, the history itself will say. */
async function showPlace() {
  const answer = await connection.request(messages.account("account"));
  if (answer.type === "error" || !answer.api_url) return;
  const { api_url, username } = answer;
  if (api_url === messages.EMBEDDED) {
    byId("place").textContent = words.say("history_embedded_label");
  } else if (username) {
    byId("place").textContent = words.say("history_server_label", serverName(api_url), username);
  }
}

async function start() {
  fillWords(words);
  byId("more").addEventListener("click", readOn);
  logPlace = await findLogPlace();
  await Promise.all([showPlace(), waiting.read(), readOn()]);
}

start();
