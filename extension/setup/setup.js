/**
 * The set-up page: whether the program is there and works, and what to do until it does. It opens
 * when the extension is installed, and from wherever that is the trouble. It goes on by itself.
 */

import { connectionToHost } from "../conversation/native_host.js";
import { byId, commandElement, fillWords, findLogPlace, logElement, make } from "../presentation/dom.js";
import { wordsOf } from "../presentation/words.js";
import { UNKNOWN, isToCheck, told } from "../state/setup_machine.js";
import { registering, waysFor } from "./commands.js";
import { EFFECTS, LOOKS, placeOf } from "./looks.js";
import { Watch } from "./watch.js";

/** @import { SetupState } from "../state/setup_machine.js" */
/** @import { Way } from "./commands.js" */

const IS_FIREFOX = location.protocol === "moz-extension:";

const words = wordsOf(browser.i18n.getMessage);
const watch = new Watch(document, check);

/** @type {SetupState} */
let state = UNKNOWN;
/** @type {Way[]} */
let ways = [];
let logPlace = "";

/** Asks the host, and lets it go at once. */
async function check() {
  const connection = connectionToHost();
  const answer = await connection.greet();
  connection.close();
  become(told(answer));
  return isToCheck(state);
}

/** @param {SetupState} now */
function become(now) {
  const before = state;
  state = now;
  if (JSON.stringify(now) === JSON.stringify(before)) return;
  const hadFocus = document.activeElement;
  show();
  if (now.phase === before.phase) return;
  byId("checked").textContent = words.say("setup_watching_label");
  announce();
  // What the person was about to press is gone, or is there for something else now.
  const isLost = hadFocus !== document.body && document.activeElement === document.body;
  if (isLost || hadFocus?.closest("main :is([hidden])")) byId("heading").focus();
}

function show() {
  const look = LOOKS[state.phase];
  const mark = byId("mark");
  mark.dataset.tone = look.tone;
  mark.textContent = look.glyph;
  byId("heading").textContent = words.say(look.heading);
  byId("sentence").textContent = words.say(look.sentence, state.hostVersion);
  const isToDo = isToCheck(state) && state.phase !== "asking";
  for (const id of ["help", "more"]) byId(id).hidden = !isToDo;
  byId("steps").hidden = state.phase !== "works";
  showCommands();
  showMore();
}

function showCommands() {
  const [first, other] = ways;
  const { command } = LOOKS[state.phase];
  byId("command").replaceChildren(...first && command ? helpElements(command, first) : []);
  const isChoice = Boolean(other && command);
  byId("another").hidden = !isChoice;
  byId("another-command").replaceChildren(
    ...other && command ? helpElements(command, other).slice(0, 2) : []);
}

/**
 * Where a command is typed, the command, and what it does.
 * @param {"install" | "update" | "doctor"} command
 * @param {Way} way
 */
function helpElements(command, way) {
  return [
    make("p", "", words.say(placeOf(command, way.by))),
    commandElement(way[command], words),
    make("p", "quiet", words.say(EFFECTS[command])),
  ];
}

function showMore() {
  const { phase, hostVersion, reason } = state;
  const isOld = LOOKS[phase].tone === "old" && hostVersion;
  byId("versions").hidden = !isOld;
  byId("versions").textContent = isOld
    ? words.say("setup_versions_label", hostVersion, browser.runtime.getManifest().version) : "";
  byId("log").hidden = phase !== "broken";
  byId("lost").hidden = phase !== "not_installed";
  byId("home").hidden = phase === "extension_too_old";
  byId("raw").hidden = phase !== "broken" || !reason;
  byId("reason").textContent = reason;
}

function announce() {
  byId("status").textContent = [byId("heading"), byId("sentence")]
    .map((element) => element.textContent).join("\n");
}

/** The person pressed it, and is told also where nothing has changed. */
async function checkNow() {
  const { phase } = state;
  byId("checked").textContent = words.say("setup_checking_label");
  await watch.look();
  if (state.phase === phase) byId("checked").textContent = words.say("setup_unchanged_label");
}

/** Browsers tell this apart only in part; where they do not, it is said how the button is pinned. */
async function showPin() {
  const isPinned = await browser.action.getUserSettings?.()
    .then(({ isOnToolbar }) => isOnToolbar, () => false) ?? false;
  byId("pin").classList.toggle("done", isPinned);
  byId("pin-label").textContent = words.say(isPinned ? "setup_pinned_label" : "setup_pin_label");
  const how = IS_FIREFOX ? "setup_pin_firefox_sentence" : "setup_pin_chromium_sentence";
  byId("pin-sentence").textContent = words.say(isPinned ? "setup_pinned_sentence" : how);
}

/** What may be in the way of a program that is there. */
function fillLost() {
  const [first] = ways;
  if (!first) return;
  byId("sandbox").append(commandElement(first.doctor, words));
  const command = registering(first, IS_FIREFOX ? "gecko" : "chromium");
  if (command) byId("unknown").append(commandElement(command, words));
  byId("unknown").hidden = !command;
}

async function start() {
  fillWords(words);
  show();
  const [{ os }, { installType }, place] = await Promise.all([
    browser.runtime.getPlatformInfo(), browser.management.getSelf(), findLogPlace()]);
  ways = waysFor(os, installType === "development");
  logPlace = place;
  byId("log").replaceChildren(...logElement(logPlace, words).childNodes);
  byId("sandbox").hidden = os !== "linux";
  fillLost();
  byId("check").addEventListener("click", checkNow);
  browser.action.onUserSettingsChanged?.addListener(showPin);
  await showPin();
  watch.start();
}

start();
