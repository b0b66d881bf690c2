/**
 * One gesture from click to answer: asks the host, keeps the tab's state up to date, and opens the
 * popup where there is something to say.
 */

import { LIMITS } from "../conversation/hints.js";
import * as messages from "../conversation/messages.js";
import { connectionToHost } from "../conversation/native_host.js";
import { openPopup } from "../presentation/popup_opener.js";
import { acknowledge } from "../presentation/toolbar.js";
import * as machine from "../state/tab_machine.js";
import * as tabs from "../state/tab_store.js";
import { readHints } from "./page_hints.js";

/** @import { Hints } from "../conversation/hints.js" */
/** @import { Answer, Status } from "../conversation/messages.js" */
/** @import { Gesture } from "../state/tab_machine.js" */

/**
 * A tab as an event brings it.
 * @typedef {{ id: number, url?: string, status?: string }} Tab
 */

const connection = connectionToHost();

/**
 * Requests of this background that have no answer yet; lost with the port they went through, and
 * `interrupted` in the tab's state then.
 * @type {Map<string, { tabId: number, isSent: boolean, isUndone: boolean }>}
 */
const underWay = new Map();

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
      return flattrPage(tab);
    case "undo":
      return undo(decision.id);
    case "show":
      return openPopup(tab.id);
    case "ignore":
      return tabs.showAgain(tab.id);
  }
}

/** @param {Tab} tab */
export function flattrPage(tab) {
  return start(tab, "page", tab.url ?? "");
}

/**
 * @param {Tab} tab
 * @param {string} url
 */
export function flattrLink(tab, url) {
  return start(tab, "link", url);
}

/**
 * Takes a flattr back, if it is not too late.
 * @param {string} id
 */
export async function undo(id) {
  const flight = underWay.get(id);
  if (!flight) return;
  flight.isUndone = true;
  if (flight.isSent && connection.isOpen) await connection.request(messages.cancel(id));
}

/**
 * The person has seen what is offered, and wants this. Nothing but what was offered can be wanted.
 * @param {number} tabId
 * @param {string} id
 * @param {string} what the offer, as the host named it
 */
export async function confirm(tabId, id, what) {
  /** @type {Gesture | null} */
  let again = null;
  // The question is gone as soon as it is answered, so that a second yes finds none.
  await change(tabId, id, (asked) => {
    if (!machine.offersOf(asked).some((offer) => offer.confirm === what)) return asked;
    const { source, url, hints } = asked;
    again = machine.newGesture({ ...wish(source, url), hints, confirm: what });
    return again;
  });
  const gesture = /** @type {Gesture | null} */ (again);
  if (gesture) await perform(tabId, gesture, connection.greet(), Promise.resolve(gesture.hints));
}

/**
 * Drops a question that was answered with no.
 * @param {number} tabId
 * @param {string} id
 */
export function dismiss(tabId, id) {
  return tabs.amend(tabId, (state) => machine.mapGesture(state, id, (gesture) =>
    machine.isUnderWay(gesture) ? gesture : null));
}

/**
 * @param {Tab} tab
 * @param {Gesture["source"]} source
 * @param {string} url
 */
async function start(tab, source, url) {
  acknowledge(tab.id);
  const gesture = machine.newGesture(wish(source, url));
  const refusal = refusalOf(url);
  // The host starts while the page is read: of the two, starting takes longer.
  const greeting = refusal ? null : connection.greet();
  let isNew = true;
  await tabs.update(tab.id, (state) => {
    isNew = !machine.isRepeated(state, url);
    if (!isNew) return state;
    return machine.begin(state, refusal ? machine.ended(gesture, refusal) : gesture, tab);
  });
  if (!isNew) await tabs.showAgain(tab.id);
  if (!isNew || !greeting) return openPopup(tab.id);
  const reading = source === "page" ? readHints(tab.id, url) : Promise.resolve(null);
  return perform(tab.id, gesture, greeting, reading);
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
 * @param {number} tabId
 * @param {Gesture} gesture
 * @param {Promise<Answer>} greeting
 * @param {Promise<Hints | null>} reading
 */
async function perform(tabId, gesture, greeting, reading) {
  const flight = { tabId, isSent: false, isUndone: false };
  underWay.set(gesture.id, flight);
  const [greeted, hints] = await Promise.all([greeting, reading]);
  if (hints) await change(tabId, gesture.id, (now) => ({ ...now, hints }));
  const answer = await answerTo(tabId, { ...gesture, hints }, greeted);
  underWay.delete(gesture.id);
  const state = await change(tabId, gesture.id, (now) => machine.withAnswer(now, answer));
  if (machine.wantsPopup(state)) await openPopup(tabId);
}

/**
 * @param {number} tabId
 * @param {Gesture} gesture
 * @param {Answer} greeted
 * @returns {Promise<Answer>}
 */
async function answerTo(tabId, gesture, greeted) {
  if (greeted.type === "error") return greeted;
  const { id } = gesture;
  const flight = underWay.get(id);
  if (!flight || flight.isUndone) return { id, type: "error", code: "cancelled" };
  flight.isSent = true;
  return connection.request(messages.flattr(gesture), (status) => follow(tabId, id, status));
}

/**
 * @param {number} tabId
 * @param {string} id
 * @param {Status} status
 */
async function follow(tabId, id, status) {
  await change(tabId, id, (gesture) => machine.withStatus(gesture, status, Date.now()));
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

/**
 * @param {number} tabId
 * @param {string} id
 * @param {(gesture: Gesture) => Gesture} how
 */
function change(tabId, id, how) {
  return tabs.amend(tabId, (state) => machine.mapGesture(state, id, how));
}
