/**
 * The history page: what the person flattred, newest first, as the ledger or the server tells it; or,
 * with `?user=NAME`, what somebody else did.
 */

import * as messages from "../conversation/messages.js";
import { connectionToHost } from "../conversation/native_host.js";
import { byId, fillWords, findLogPlace } from "../presentation/dom.js";
import { nameOfUser } from "../presentation/owners.js";
import { openPage } from "../presentation/pages.js";
import { troubleOf } from "../presentation/trouble.js";
import { troubleElement } from "../presentation/trouble_element.js";
import { wordsOf } from "../presentation/words.js";
import { serverName } from "../state/account_machine.js";
import { hasWholeMonth } from "../state/history_list.js";
import { finderOf, isEverything } from "../state/history_search.js";
import { prefers, setPreference } from "../state/preferences.js";
import { Images } from "./images.js";
import { HistoryList } from "./list.js";
import { Flattrers } from "./people.js";
import { MonthPicture } from "./picture.js";
import { HistoryReader, MANY, SOME } from "./reader.js";
import { save } from "./saving.js";
import { SearchBar } from "./search.js";
import { WaitingList } from "./waiting.js";

/** @import { Failure } from "../conversation/messages.js" */
/** @import { HistoryMessage } from "../gestures/history_messages.js" */
/** @import { Format } from "../state/history_export.js" */
/** @import { Entry } from "../state/history_list.js" */

const words = wordsOf(browser.i18n.getMessage);
const connection = connectionToHost();
const username = new URLSearchParams(location.search).get("user") ?? "";

fillWords(words);
const waiting = new WaitingList(connection, words, readAnew, tellSeen);
const bar = new SearchBar(words, look);
const picture = new MonthPicture(words, (isReached) => read(isReached, MANY), filterByOwner);
const list = new HistoryList(words, {
  onFilter: (by, value) => filterBy(by, value),
  imageOf: (entry) => images?.placeOf(entry) ?? null,
  othersOf: (entry) => flattrers?.elementsOf(entry) ?? [],
});

let reader = newReader();
let find = finderOf(bar.search);
let logPlace = "";
/** @type {Flattrers | null} null where nobody else can be asked for */
let flattrers = null;
/** @type {Images | null} null where none are shown */
let images = null;
let canShowImages = false;
let stopper = new AbortController();
let readings = 0;
/** Whether the list goes on by itself as one scrolls. */
let isFlowing = true;

// -- reading --------------------------------------------------------------------------------------

/** @returns {HistoryReader} */
function newReader() {
  const made = new HistoryReader(connection, username, (entries) => {
    if (made === reader) add(entries);
  }, sayWaiting);
  return made;
}

/**
 * @param {() => boolean} isReached
 * @param {number} count
 * @param {AbortSignal} [signal]
 */
async function read(isReached, count, signal) {
  const from = reader;
  byId("trouble").replaceChildren();
  readings += 1;
  sayLoading(words.say("history_loading_label"));
  const failure = await from.until(isReached, count, signal);
  readings -= 1;
  if (readings === 0) sayLoading("");
  if (from !== reader) return;
  if (failure) {
    isFlowing = false;
    showTrouble(failure, () => {
      isFlowing = true;
      read(isReached, count, signal);
    });
  }
  update();
}

/** Everything there is, for what must not miss anything. The person can stop it. */
async function readWhole() {
  if (reader.isComplete) return;
  stopper.abort();
  const { signal } = stopper = new AbortController();
  byId("stop").hidden = false;
  await read(() => false, MANY, signal);
  if (stopper.signal === signal) byId("stop").hidden = true;
}

function stop() {
  isFlowing = false;
  stopper.abort();
  byId("search").focus();
}

/** What waited is history now. */
function readAnew() {
  reader = newReader();
  list.show([]);
  return isEverything(bar.search) ? read(() => !list.isShort, SOME) : readWhole();
}

// -- showing --------------------------------------------------------------------------------------

/** @param {Entry[]} entries */
function add(entries) {
  list.add(entries.filter(find));
  picture.update(reader);
  update();
}

function update() {
  const { entries, isComplete } = reader;
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
  byId("images").hidden = !canShowImages || !(images || entries.some(({ image }) => image));
  byId("found").textContent = found();
  byId("save-label").textContent =
    words.say(isEverything(bar.search) ? "history_save_all_label" : "history_save_found_label");
}

function found() {
  const { entries, isComplete } = reader;
  if (!isEverything(bar.search)) {
    return [words.sayCount("history_searched_count", entries.length),
      words.sayCount("history_found_count", list.length)].join(" · ");
  }
  return isComplete ? words.sayCount("history_flattrs_count", entries.length) : "";
}

async function showMore() {
  const before = list.shown;
  list.grow();
  const isSearching = !byId("stop").hidden;
  if (list.isShort && !isSearching) {
    await read(() => !list.isShort, isEverything(bar.search) ? SOME : MANY);
  }
  update();
  if (list.shown > before) byId("status").textContent = words.sayCount("history_count", list.shown);
}

/** Somebody who pressed a button goes on where the list went on. */
async function pressMore() {
  isFlowing = true;
  const before = list.shown;
  await showMore();
  if (list.shown > before) list.focusRow(before);
}

/** More comes before the end of the list comes into view. */
function flow() {
  const observer = new IntersectionObserver(async (seen) => {
    if (!isFlowing || !seen.at(-1)?.isIntersecting) return;
    await showMore();
    // It is told of again if it is in view still.
    observer.unobserve(byId("more"));
    observer.observe(byId("more"));
  }, { rootMargin: "600px" });
  observer.observe(byId("more"));
}

/** @param {string} text */
function sayLoading(text) {
  byId("loading").textContent = text;
  byId("loading").hidden = !text;
}

/** @param {number} seconds */
function sayWaiting(seconds) {
  const until = words.sayTime(new Date(Date.now() + seconds * 1000));
  sayLoading(words.say("history_waiting_label", until));
}

/**
 * @param {Failure} failure
 * @param {() => void} again
 */
function showTrouble(failure, again) {
  if (username && failure.code === "not_found") {
    return showEmpty(words.say("history_no_user_sentence", nameOfUser(username)));
  }
  const trouble = troubleOf(failure, words);
  const help = trouble.act === "connect"
    ? { label: words.say("popup_connect_button"), press: () => openPage("connect") }
    : { label: words.say("page_again_button"), press: again };
  byId("trouble").replaceChildren(troubleElement(trouble, words, logPlace, help));
}

// -- what the person does -------------------------------------------------------------------------

function look() {
  stopper.abort();
  isFlowing = true;
  find = finderOf(bar.search);
  showAnew();
  if (!isEverything(bar.search)) readWhole();
}

function showAnew() {
  list.show(reader.entries.filter(find));
  update();
}

/**
 * @param {"owner" | "site"} by
 * @param {string} value
 */
function filterBy(by, value) {
  bar.filterBy(by, value);
  byId("heading").scrollIntoView();
  byId("chip").querySelector("button")?.focus();
}

/** @param {string} owner */
function filterByOwner(owner) {
  filterBy("owner", owner);
}

/** The list of owners and sites is whole as soon as the history was read. */
async function offerChoices() {
  bar.offer(reader.entries);
  if (reader.isComplete) return;
  await readWhole();
  bar.offer(reader.entries);
}

/** @param {Format} format */
async function saveAs(format) {
  await readWhole();
  if (!reader.isComplete) return;
  const entries = reader.entries.filter(find);
  const count = words.sayCount("history_flattrs_count", entries.length);
  byId("found").textContent = words.say("history_saved_label", count, save(entries, format));
}

/** @param {boolean} isWanted */
async function switchImages(isWanted) {
  await setPreference("show_images", isWanted);
  showImages(isWanted);
  showAnew();
}

/** @param {boolean} isWanted */
function showImages(isWanted) {
  images?.stop();
  images = isWanted ? new Images(connection) : null;
  byId("days").classList.toggle("with-images", isWanted);
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

// -- beginning ------------------------------------------------------------------------------------

/** Whose history it is. What is wrong with that, the history itself will say. */
async function findPlace() {
  const answer = await connection.request(messages.account("account"));
  if (answer.type === "error" || !answer.api_url) return;
  const { api_url, username: self } = answer;
  if (api_url === messages.EMBEDDED) {
    byId("place").textContent = words.say("history_embedded_label");
  } else if (self) {
    byId("place").textContent = words.say("history_server_label", serverName(api_url), self);
    if (await connection.knows("flattrers")) flattrers = new Flattrers(connection, words, self);
  }
}

/** Somebody else's flattrs: of the API's users alone, and without what is the person's own business. */
function beSomebodyElses() {
  const title = words.say("history_user_title", nameOfUser(username));
  document.title = title;
  byId("heading").textContent = title;
  byId("own-history").removeAttribute("aria-current");
  byId("picture").remove();
  byId("saving").remove();
  showEmpty(words.say("history_hidden_sentence", nameOfUser(username)));
  byId("empty").hidden = true;
}

/** @param {string} sentence */
function showEmpty(sentence) {
  byId("empty-heading").hidden = true;
  byId("empty-sentence").textContent = sentence;
  byId("empty").hidden = false;
}

function listen() {
  byId("more").addEventListener("click", pressMore);
  byId("stop").addEventListener("click", stop);
  byId("clear").addEventListener("click", () => bar.clear());
  byId("filter").addEventListener("focus", offerChoices, { once: true });
  const box = /** @type {HTMLInputElement} */ (byId("show-images"));
  box.addEventListener("change", () => switchImages(box.checked));
  for (const button of document.querySelectorAll("[data-format]")) {
    const format = /** @type {Format} */ (/** @type {HTMLElement} */ (button).dataset.format);
    button.addEventListener("click", () => saveAs(format));
  }
}

async function start() {
  if (username) beSomebodyElses();
  listen();
  logPlace = await findLogPlace();
  const wantsImages = await prefers("show_images");
  await findPlace();
  canShowImages = await connection.knows("image");
  if (canShowImages) showImages(wantsImages);
  /** @type {HTMLInputElement} */ (byId("show-images")).checked = wantsImages;
  if (!username) waiting.read();
  await read(() => !list.isShort, SOME);
  flow();
}

start();
