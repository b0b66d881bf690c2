/**
 * The history page: what the person flattred, newest first, as the ledger or the server tells it; or,
 * with `?user=NAME`, what somebody else did.
 */

import * as messages from "../conversation/messages.js";
import { connectionToHost } from "../conversation/native_host.js";
import { byId, fillWords, findLogPlace, make } from "../presentation/dom.js";
import { nameOfUser } from "../presentation/owners.js";
import { openPage } from "../presentation/pages.js";
import { troubleOf } from "../presentation/trouble.js";
import { troubleElement } from "../presentation/trouble_element.js";
import { wordsOf } from "../presentation/words.js";
import { serverName } from "../state/account_machine.js";
import { isEverything } from "../state/history_search.js";
import { prefers, setPreference } from "../state/preferences.js";
import { Images } from "./images.js";
import { HistoryList } from "./list.js";
import { Flattrers } from "./people.js";
import { MonthPicture } from "./picture.js";
import { HistoryReader } from "./reader.js";
import { save } from "./saving.js";
import { SearchBar } from "./search.js";
import { HistoryView } from "./view.js";
import { WaitingList } from "./waiting.js";

/** @import { Failure } from "../conversation/messages.js" */
/** @import { HistoryMessage } from "../gestures/history_messages.js" */
/** @import { Format } from "../state/history_export.js" */

const words = wordsOf(browser.i18n.getMessage);
const connection = connectionToHost();
const username = new URLSearchParams(location.search).get("user") ?? "";

fillWords(words);
const list = new HistoryList(words, {
  onFilter: filterBy,
  imageOf: (entry) => images?.placeOf(entry) ?? null,
  othersOf: (entry) => flattrers?.elementsOf(entry) ?? [],
});
const view = new HistoryView(words, list, {
  newReader: (onRead, onWait) => new HistoryReader(connection, username, onRead, onWait),
  onRead: (reader) => {
    picture?.update(reader);
    offerImages();
  },
  onFailure: showTrouble,
});
const bar = new SearchBar(words, (search) => {
  view.look(search);
  sayWhatIsSaved();
});
const picture = username ? null
  : new MonthPicture(words, (isReached) => view.read(isReached), (owner) => filterBy("owner", owner));
const waiting = username ? null : new WaitingList(connection, words, () => view.beginAnew(), tellSeen);

let logPlace = "";
/** @type {Flattrers | null} null where nobody else can be asked for */
let flattrers = null;
let canShowImages = false;
/** @type {Images | null} null where none are shown */
let images = null;

/**
 * @param {"owner" | "site"} by
 * @param {string} value
 */
function filterBy(by, value) {
  bar.filterBy(by, value);
  byId("heading").scrollIntoView({ block: "nearest" });
  byId("chip").querySelector("button")?.focus();
}

/** The list of owners and sites is whole as soon as the history was read. */
async function offerChoices() {
  bar.offer(view.entries);
  const before = view.entries.length;
  await view.readWhole();
  if (view.entries.length > before) bar.offer(view.entries);
}

function sayWhatIsSaved() {
  if (username) return;
  byId("saved").textContent = "";
  byId("save-label").textContent =
    words.say(isEverything(bar.search) ? "history_save_all_label" : "history_save_found_label");
}

/** @param {Format} format */
async function saveAs(format) {
  byId("saved").textContent = "";
  if (!await view.readWhole()) return;
  const entries = view.found;
  const count = words.sayCount("history_flattrs_count", entries.length);
  byId("saved").textContent = words.say("history_saved_label", count, save(entries, format));
  byId("saved").scrollIntoView({ block: "nearest" });
}

/** Where there are any. */
function offerImages() {
  byId("images").hidden = !canShowImages || !(images || view.entries.some(({ image }) => image));
}

/** @param {boolean} isWanted */
async function switchImages(isWanted) {
  await setPreference("show_images", isWanted);
  showImages(isWanted);
  view.showAnew();
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

/**
 * @param {Failure} failure
 * @param {() => void} again
 */
function showTrouble(failure, again) {
  if (username && failure.code === "not_found") {
    const sentence = words.say("history_no_user_sentence", nameOfUser(username));
    byId("trouble").replaceChildren(make("p", "empty quiet", sentence));
    return;
  }
  const trouble = troubleOf(failure, words);
  const help = trouble.act === "connect"
    ? { label: words.say("popup_connect_button"), press: () => openPage("connect") }
    : { label: words.say("page_again_button"), press: again };
  byId("trouble").replaceChildren(troubleElement(trouble, words, logPlace, help));
}

/** Whose history it is. What is wrong with that, the history itself will say. */
async function findPlace() {
  const answer = await connection.request(messages.account("account"));
  if (answer.type === "error" || !answer.api_url) return;
  const { api_url, username: self } = answer;
  if (api_url === messages.EMBEDDED) {
    byId("place").textContent = words.say("history_embedded_label");
  } else if (self) {
    const server = serverName(api_url);
    byId("place").textContent = username ? server : words.say("history_server_label", server, self);
    if (await connection.knows("flattrers")) flattrers = new Flattrers(connection, words, self);
  }
}

async function findImages() {
  canShowImages = await connection.knows("image");
  const isWanted = await prefers("show_images");
  /** @type {HTMLInputElement} */ (byId("show-images")).checked = isWanted;
  showImages(isWanted && canShowImages);
}

/** Somebody else's flattrs are without what is the person's own business. */
function beSomebodyElses() {
  const name = nameOfUser(username);
  document.title = byId("heading").textContent = words.say("history_user_title", name);
  byId("own-history").removeAttribute("aria-current");
  byId("picture").remove();
  byId("saving").remove();
  byId("empty-heading").remove();
  byId("empty-sentence").textContent = words.say("history_hidden_sentence", name);
}

function listen() {
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
  listen();
  sayWhatIsSaved();
  if (username) beSomebodyElses();
  logPlace = await findLogPlace();
  await Promise.all([findPlace(), findImages()]);
  waiting?.read();
  await view.begin();
  view.flow();
}

start();
