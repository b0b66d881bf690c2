/**
 * The states of all tabs, in `storage.session`: gone with the browser, kept when the background is
 * stopped. Changes run one after the other, and what is seen of a tab changes with its state.
 */

import { forgetIcon, present } from "../presentation/toolbar.js";
import { KEY_PREFIX, endOrphans, keyOf, mapGesture } from "./tab_machine.js";

/** @import { Gesture } from "./gesture.js" */
/** @import { TabState } from "./tab_machine.js" */

/** Names this start of the background; a gesture of another one has lost its port. */
export const RUN = crypto.randomUUID();

/** @type {Promise<unknown>} */
let queue = Promise.resolve();

/**
 * @typedef {object} Turn
 * @property {((state: TabState | null) => TabState | null)[]} changes
 * @property {Promise<TabState | null>} done
 */

/**
 * Turns that wait for their state. Changes of a tab that meet here are stored and shown together: a
 * host answers faster than three states of a button can be drawn.
 * @type {Map<number, Turn>}
 */
const waiting = new Map();

/**
 * @param {number} tabId
 * @returns {Promise<TabState | null>}
 */
export function read(tabId) {
  return inTurn(() => load(tabId));
}

/**
 * @param {number} tabId
 * @param {(state: TabState | null) => TabState | null} change
 * @returns {Promise<TabState | null>} the state afterwards
 */
export function update(tabId, change) {
  const met = waiting.get(tabId);
  if (met) {
    met.changes.push(change);
    return met.done;
  }
  const changes = [change];
  const done = inTurn(async () => {
    const before = await load(tabId).finally(() => waiting.delete(tabId));
    const after = changes.reduce((state, make) => make(state), before);
    if (after !== before) await Promise.all([store(tabId, after), present(tabId, after)]);
    return after;
  });
  waiting.set(tabId, { changes, done });
  return done;
}

/**
 * As {@link update}, for a tab that has a state; one that was closed meanwhile gets none again.
 * @param {number} tabId
 * @param {(state: TabState) => TabState | null} change
 */
export function amend(tabId, change) {
  return update(tabId, (state) => state && change(state));
}

/**
 * @param {number} tabId
 * @param {string} id
 * @param {(gesture: Gesture) => Gesture | null} change null drops the gesture
 */
export function amendGesture(tabId, id, change) {
  return amend(tabId, (state) => mapGesture(state, id, change));
}

/**
 * Shows a tab's state again, where the browser has reset the button.
 * @param {number} tabId
 */
export function showAgain(tabId) {
  return inTurn(async () => present(tabId, await load(tabId)));
}

/** @param {number} tabId */
export function forget(tabId) {
  forgetIcon(tabId);
  return inTurn(() => browser.storage.session.remove(keyOf(tabId)));
}

/**
 * As {@link amend}, for each tab that has a state.
 * @param {(state: TabState, tabId: number) => TabState | null} change
 */
export async function amendAll(change) {
  const all = await browser.storage.session.get(null);
  for (const key of Object.keys(all).filter((name) => name.startsWith(KEY_PREFIX))) {
    const tabId = Number(key.slice(KEY_PREFIX.length));
    await amend(tabId, (state) => change(state, tabId));
  }
}

/** Says of every flattr that an earlier background left under way that its end is not known yet. */
export function endAllOrphans() {
  return amendAll((state) => ({ ...state }));
}

/**
 * @param {number} tabId
 * @returns {Promise<TabState | null>}
 */
async function load(tabId) {
  const key = keyOf(tabId);
  /** @type {Record<string, TabState | undefined>} */
  const found = await browser.storage.session.get(key);
  const state = found[key];
  return state ? endOrphans(state, RUN) : null;
}

/**
 * @param {number} tabId
 * @param {TabState | null} state
 */
function store(tabId, state) {
  const key = keyOf(tabId);
  return state ? browser.storage.session.set({ [key]: state }) : browser.storage.session.remove(key);
}

/**
 * @template T
 * @param {() => Promise<T>} job
 * @returns {Promise<T>}
 */
function inTurn(job) {
  const done = queue.then(job);
  queue = done.catch(() => {});
  return done;
}
