/**
 * One gesture from click to answer: asks the host, keeps the tab's state up to date, and opens the
 * popup where there is something to say.
 */

import { LIMITS } from "../conversation/hints.js";
import * as messages from "../conversation/messages.js";
import { openPopup } from "../presentation/popup_opener.js";
import { acknowledge } from "../presentation/toolbar.js";
import * as gestures from "../state/gesture.js";
import * as machine from "../state/tab_machine.js";
import { prefers } from "../state/preferences.js";
import * as tabs from "../state/tab_store.js";
import { connection } from "./host.js";
import { notifyEnd } from "./notifications.js";
import { sendWaiting, whatBecameOf } from "./outbox.js";
import { readHints } from "./page_hints.js";

/** @import { Hints } from "../conversation/hints.js" */
/** @import { Answer, Status } from "../conversation/messages.js" */
/** @import { Gesture, Outcome } from "../state/gesture.js" */

/**
 * A tab as an event brings it.
 * @typedef {{ id: number, url?: string, status?: string }} Tab
 */

/**
 * @typedef {object} Flight a request that has no answer yet
 * @property {number} tabId
 * @property {boolean} isSent
 * @property {"" | "cancelled" | "popup_closed"} undoneBy
 */

/**
 * Lost with this background and the port, and orphans in the tab's state then.
 * @type {Map<string, Flight>}
 */
const underWay = new Map();

/** No host that is older than this request knows `ask`: it would flattr unasked. */
const AS_OLD_AS_ASKING = "change_settings";

/** Ends that leave open whether the host has flattred. */
const UNSURE = new Set(["crashed", "no_answer", "internal_error"]);

/**
 * A click on the toolbar button, or its keyboard shortcut.
 * @param {Tab} tab
 */
export async function clickButton(tab) {
  // A count-down stays as it is: the click is Undo then, and the dots would say the contrary.
  if (![...underWay.values()].some(({ tabId }) => tabId === tab.id)) acknowledge(tab.id);
  const decision = machine.decideClick(await tabs.read(tab.id), tab.url, Date.now());
  switch (decision.act) {
    case "flattr":
      return start(tab, gestures.newGesture(wish("page", tab.url ?? "")));
    case "undo":
      return undo(decision.id);
    case "show":
      return openPopup(tab.id);
    case "ignore":
      return tabs.showAgain(tab.id);
  }
}

/**
 * A choice from a context menu.
 * @param {Tab} tab
 * @param {Gesture["source"]} source
 * @param {string} url
 */
export function chooseFlattr(tab, source, url) {
  acknowledge(tab.id);
  return start(tab, gestures.newGesture({ ...wish(source, url), fromMenu: true }));
}

/**
 * Takes a flattr back, if it is not too late.
 * @param {string} id
 * @param {"cancelled" | "popup_closed"} by Undo, or what amounts to it
 */
export async function undo(id, by = "cancelled") {
  const flight = underWay.get(id);
  if (!flight || flight.undoneBy) return;
  flight.undoneBy = by;
  if (flight.isSent && connection.isOpen) await connection.request(messages.cancel(id));
}

/**
 * The person has seen what is offered, and wants this. Nothing but what was offered can be wanted.
 * @param {number} tabId
 * @param {string} id
 * @param {string} what the offer, as the host named it
 */
export async function confirm(tabId, id, what) {
  const gesture = await replace(tabId, id, (asked) =>
    gestures.offersOf(asked).some((offer) => offer.confirm === what) ? { confirm: what } : null);
  if (gesture) await performAgain(tabId, gesture);
}

/**
 * The person wants after all what ended unsent.
 * @param {number} tabId
 * @param {string} id
 */
export async function again(tabId, id) {
  let entry = "";
  const gesture = await replace(tabId, id, (unsent) => {
    if (!gestures.canFlattrAgain(unsent)) return null;
    entry = unsent.outcome?.entry ?? "";
    return { confirm: unsent.confirm };
  });
  if (!gesture) return;
  // The wish of then is this one now; nobody needs to hear of it again.
  if (entry) connection.request(messages.outboxRemove(entry));
  await performAgain(tabId, gesture);
}

/**
 * Puts a new gesture, for the same address, in the place of one that ended. That one is gone at once,
 * so that a second press finds nothing.
 * @param {number} tabId
 * @param {string} id
 * @param {(ended: Gesture) => { confirm: string | null } | null} decide null where it stays
 * @returns {Promise<Gesture | null>} the new one
 */
async function replace(tabId, id, decide) {
  /** @type {Gesture | null} */
  let replacing = null;
  await tabs.amendGesture(tabId, id, (old) => {
    const decided = decide(old);
    if (!decided) return old;
    const { source, url, hints } = old;
    replacing = gestures.newGesture({ ...wish(source, url), hints, ...decided });
    return replacing;
  });
  return replacing;
}

/**
 * @param {number} tabId
 * @param {Gesture} gesture whose page was read before
 */
function performAgain(tabId, gesture) {
  return perform(tabId, gesture, readiness(gesture.hints));
}

/**
 * Drops a question that was answered with no, or words that were read.
 * @param {number} tabId
 * @param {string} id
 */
export function dismiss(tabId, id) {
  return tabs.amendGesture(tabId, id, (gesture) => gestures.isUnderWay(gesture) ? gesture : null);
}

/**
 * @param {Tab} tab
 * @param {Gesture} gesture
 */
async function start(tab, gesture) {
  const { source, url } = gesture;
  const refusal = refusalOf(url);
  // The host starts while the page is read: of the two, starting takes longer. What the button shows
  // and what is stored waits for neither.
  const ready = refusal ? null : readiness(source === "page" ? readHints(tab.id, url) : null);
  let isNew = true;
  await tabs.update(tab.id, (state) => {
    isNew = !machine.isRepeated(state, url);
    if (!isNew) return state;
    return machine.begin(state, refusal ? gestures.ended(gesture, refusal) : gesture, tab);
  });
  if (!isNew) await tabs.showAgain(tab.id);
  if (!isNew || !ready) {
    await openPopup(tab.id);
    return notifyEnd(tab.id, gesture);
  }
  return perform(tab.id, gesture, ready);
}

/**
 * @param {Gesture["source"]} source
 * @param {string} url
 */
function wish(source, url) {
  return { id: messages.newId(), run: tabs.RUN, source, url, started: Date.now() };
}

/**
 * What needs no host to be refused.
 * @param {string} url
 */
function refusalOf(url) {
  if (!messages.isWebAddress(url)) return { code: "not_http" };
  return url.length > LIMITS.urlChars ? { code: "too_long" } : null;
}

/**
 * All that a request waits for, at the same time.
 * @param {Promise<Hints | null> | Hints | null} hints
 */
function readiness(hints) {
  return Promise.all([connection.greet(), hints, prefers("ask_first")]);
}

/**
 * @param {number} tabId
 * @param {Gesture} gesture
 * @param {ReturnType<typeof readiness>} ready
 */
async function perform(tabId, gesture, ready) {
  /** @type {Flight} */
  const flight = { tabId, isSent: false, undoneBy: "" };
  underWay.set(gesture.id, flight);
  const [greeted, hints, ask] = await ready;
  if (hints) tabs.amendGesture(tabId, gesture.id, (now) => ({ ...now, hints }));
  const answer = await answerTo(tabId, { ...gesture, hints }, greeted, ask);
  underWay.delete(gesture.id);
  const known = await outcomeBeside(gesture, flight, answer);
  const state = await tabs.amendGesture(tabId, gesture.id, (now) =>
    known ? gestures.ended(now, known) : gestures.withAnswer(now, answer));
  // Who has just closed a popup does not want another one: badge and title tell, and the next click.
  const isClosed = known?.code === "popup_closed";
  if (!isClosed && machine.wantsPopup(state)) await openPopup(tabId);
  await notifyEnd(tabId, gesture);
  await sendWaiting(tabId);
}

/**
 * What is known of the end besides the answer: who undid it, and, of a host that was lost, what it
 * has written down.
 * @param {Gesture} gesture
 * @param {Flight} flight
 * @param {Answer} answer
 * @returns {Promise<Outcome | null>}
 */
async function outcomeBeside(gesture, { tabId, isSent, undoneBy }, answer) {
  if (answer.type !== "error") return null;
  if (answer.code === "cancelled" && undoneBy) return { code: undoneBy };
  return isSent && UNSURE.has(answer.code) ? whatBecameOf(tabId, gesture) : null;
}

/**
 * @param {number} tabId
 * @param {Gesture} gesture
 * @param {Answer} greeted
 * @param {boolean} ask whether the person wants to be asked first
 * @returns {Promise<Answer>}
 */
async function answerTo(tabId, gesture, greeted, ask) {
  if (greeted.type === "error") return greeted;
  const { id } = gesture;
  const flight = underWay.get(id);
  if (!flight || flight.undoneBy) return { id, type: "error", code: "cancelled" };
  if (ask && !greeted.features?.includes(AS_OLD_AS_ASKING)) {
    return { id, type: "error", code: "host_too_old" };
  }
  flight.isSent = true;
  return connection.request(messages.flattr(gesture, ask), (status) => follow(tabId, id, status));
}

/**
 * @param {number} tabId
 * @param {string} id
 * @param {Status} status
 */
async function follow(tabId, id, status) {
  await tabs.amendGesture(tabId, id, (gesture) => gestures.withStatus(gesture, status, Date.now()));
  if (status.state !== "undo") return;
  countDown(tabId, id);
  await openPopup(tabId);
}

/**
 * Shows the tab's state again with every second that passes.
 * @param {number} tabId
 * @param {string} id
 */
async function countDown(tabId, id) {
  const state = await tabs.read(tabId);
  const gesture = state?.gestures.find((one) => one.id === id);
  const left = gesture?.phase === "grace" ? gesture.deadline - Date.now() : 0;
  if (left <= 0) return;
  // A little after the second is full, so that rounding up gives the next number.
  setTimeout(async () => {
    await tabs.showAgain(tabId);
    await countDown(tabId, id);
  }, (left % 1000 || 1000) + 10);
}
