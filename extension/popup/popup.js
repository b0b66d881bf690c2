/**
 * The popup: shows the state of one tab as it changes, and passes on what the person presses. It
 * decides nothing and keeps nothing.
 */

import { cardOf } from "../presentation/card.js";
import { byId, fillWords, findLogPlace } from "../presentation/dom.js";
import { isPageAct, openPage } from "../presentation/pages.js";
import { wordsOf } from "../presentation/words.js";
import { canUndo, endedQuietly, isOrphaned, isUnderWay } from "../state/gesture.js";
import { keyOf } from "../state/tab_machine.js";
import { cardElement, showSeconds } from "./elements.js";
import { Lifeline } from "./lifeline.js";

/** @import { Button } from "../presentation/buttons.js" */
/** @import { Card } from "../presentation/card.js" */
/** @import { PageAct } from "../presentation/outcomes.js" */
/** @import { Gesture } from "../state/gesture.js" */
/** @import { TabState } from "../state/tab_machine.js" */
/** @import { PopupMessage } from "../gestures/popup_messages.js" */

/** Long enough to read one line after the last thing that happened. */
const LINGER_MS = 2_500;
const TICK_AFTER_MS = 10;
const OVERDUE_MS = 1_000;

const tabId = Number(new URLSearchParams(location.search).get("tab"));
const key = keyOf(tabId);
const words = wordsOf(browser.i18n.getMessage);
const cards = byId("cards");
const status = byId("status");

/** @type {Map<string, { card: Card, element: HTMLElement }>} */
let shown = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let closing;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let ticking;
let logPlace = "";
const lifeline = new Lifeline(() => browser.runtime.connect(), askAnew);

/**
 * @param {PopupMessage["act"]} act
 * @param {string[]} gestures
 * @param {string} [offer]
 */
function tell(act, gestures, offer) {
  return browser.runtime.sendMessage({ act, tab: tabId, gestures, offer });
}

/**
 * @param {Button["act"]} act
 * @param {string} gesture
 * @param {string} [offer]
 */
function press(act, gesture, offer) {
  if (isPageAct(act)) leaveFor(act);
  else tell(act, [gesture], offer);
}

/**
 * Opens a page in a tab. The popup closes by itself only where the tab takes its focus.
 * @param {PageAct} act
 */
async function leaveFor(act) {
  await openPage(act);
  window.close();
}

/** @param {MouseEvent} event */
function followLink(event) {
  const { page } = /** @type {HTMLElement} */ (event.currentTarget).dataset;
  if (!isPageAct(page)) return;
  event.preventDefault();
  leaveFor(page);
}

/** @param {TabState | undefined} state */
function show(state) {
  const gestures = (state?.gestures ?? []).toReversed();
  if (gestures.length === 0) return window.close();
  const before = shown;
  shown = new Map(gestures.map((gesture) => [gesture.id, entryOf(gesture, before)]));
  place([...shown.values()].map(({ element }) => element));
  tick();
  announce([...shown.values()][0]?.card);
  tellRead(gestures);
  tellUndoable(gestures);
  closeSoon(gestures.every((gesture) => !gesture.isNews && endedQuietly(gesture)));
}

/**
 * Puts in what is new and takes out what is gone. What stays is not touched: it would lose its
 * focus, and its animation would begin again.
 * @param {HTMLElement[]} elements
 */
function place(elements) {
  const isFirst = cards.children.length === 0;
  const hadFocus = cards.contains(document.activeElement);
  for (const old of [...cards.children]) {
    if (!elements.some((element) => element === old)) old.remove();
  }
  elements.forEach((element, at) => {
    if (cards.children[at] !== element) cards.insertBefore(element, cards.children[at] ?? null);
  });
  // Never on to another flattr's button after a press: a held key would press that too.
  if (isFirst || (!hadFocus && document.activeElement === document.body)) focusFirst();
}

/**
 * Firefox loads a popup as soon as the mouse button is down, visible as far as the document knows,
 * and may not show it in the end; only focus tells that it did. Words marked as read too early
 * would turn the rest of a slow click into a flattr.
 * @param {Gesture[]} gestures
 */
function tellRead(gestures) {
  const unread = gestures.filter((gesture) => gesture.unread).map(({ id }) => id);
  if (unread.length > 0 && document.hasFocus()) tell("read", unread);
}

/**
 * Says which flattrs are undone if this popup closes: those that were really shown, so none as long
 * as it had no focus. Held on to while the end of anything is still to come, and no longer: a
 * background is stopped in the midst of it if it has nothing else to do.
 * @param {Gesture[]} gestures
 */
function tellUndoable(gestures) {
  if (!gestures.some((gesture) => isUnderWay(gesture) || isOrphaned(gesture))) {
    return lifeline.release();
  }
  if (!lifeline.isHeld && !document.hasFocus()) return;
  lifeline.hold(gestures.filter(canUndo).map(({ id }) => id));
}

/** The background was stopped, and its flattr with it: it is started to find out what became of that. */
function askAnew() {
  tell("read", []);
  showStored();
}

/**
 * A card that has not changed keeps its element, and with it focus and animation.
 * @param {Gesture} gesture
 * @param {typeof shown} before
 */
function entryOf(gesture, before) {
  const card = cardOf(gesture, Date.now(), words);
  const old = before.get(gesture.id);
  if (old && JSON.stringify(old.card) === JSON.stringify(card)) return old;
  return { card, element: cardElement(card, { words, logPlace, press }) };
}

/**
 * Undo, or Cancel before a yes: a key that was meant for the page does no harm. Nothing where there
 * is a list: the first Tab leads to the first of it, and keys that scroll scroll.
 */
function focusFirst() {
  /** @type {HTMLElement | null} */
  const first = cards.querySelector(".offers, [data-act]");
  if (!first?.matches(".offers")) first?.focus();
}

/** Firefox forgets what was focused before it showed the popup. */
function getFocus() {
  if (document.activeElement === document.body) focusFirst();
  showStored();
}

/** @param {Card | undefined} card */
function announce(card) {
  const text = [card?.heading, card?.thing?.title, card?.sentence, card?.advice].filter(Boolean).join("\n");
  if (status.textContent !== text) status.textContent = text;
}

/** @param {boolean} isOver nothing is left to do or to read */
function closeSoon(isOver) {
  clearTimeout(closing);
  if (!isOver) return;
  closing = setTimeout(() => {
    if (isInUse()) closeSoon(true);
    else window.close();
  }, LINGER_MS);
}

function isInUse() {
  return document.documentElement.matches(":hover")
    || (document.activeElement !== document.body && document.activeElement !== null);
}

/**
 * Shows each number a moment after its second began, as the badge does. A second after the last one
 * there has long been news; if not, the background died and has to be started to find that out.
 */
function tick() {
  const now = Date.now();
  const graces = [...shown.values()].filter(({ card }) => card.deadline > 0);
  for (const { card, element } of graces) showSeconds(element, card);
  clearTimeout(ticking);
  if (graces.some(({ card }) => now > card.deadline + OVERDUE_MS)) return void tell("read", []);
  const waits = graces.map(({ card }) => card.deadline > now ? (card.deadline - now) % 1000 : 1000);
  if (waits.length > 0) ticking = setTimeout(tick, Math.min(...waits) + TICK_AFTER_MS);
}

async function showStored() {
  const found = await browser.storage.session.get(key);
  show(/** @type {TabState | undefined} */ (found[key]));
}

async function start() {
  fillWords(words);
  for (const link of document.querySelectorAll(".pages a")) {
    link.addEventListener("click", (event) => followLink(/** @type {MouseEvent} */ (event)));
  }
  const [place, tab] = await Promise.all([findLogPlace(), browser.tabs.getCurrent()]);
  // In a tab, where anybody can open it, it is no popup and nobody listens to it.
  if (tab) return;
  logPlace = place;
  browser.storage.session.onChanged.addListener((changes) => {
    if (key in changes) showStored();
  });
  window.addEventListener("focus", getFocus);
  await showStored();
}

start();
