/**
 * The states of all tabs, in `storage.session`: gone with the browser, kept when the background is
 * stopped. What is seen of a tab changes with its state.
 */

import { forgetButton, present } from "../presentation/toolbar.js";
import { KEY_PREFIX, endOrphans, keyOf, mapGesture } from "./tab_machine.js";

/** @import { Gesture } from "./gesture.js" */
/** @import { TabState } from "./tab_machine.js" */

/** Names this start of the background; a gesture of another one has lost its port. */
export const RUN = crypto.randomUUID();

/**
 * What this background knows, which is ahead of what is stored: nothing else changes it. A tab that
 * was closed stays here as null.
 * @type {Map<number, TabState | null>}
 */
const known = new Map();

/** @type {Map<number, Promise<unknown>>} */
const loading = new Map();

/**
 * States that wait for others to be stored. What changes meanwhile is stored with them.
 * @type {Map<number, Promise<unknown>>}
 */
const unstored = new Map();
let storing = Promise.resolve();

/**
 * @param {number} tabId
 * @returns {Promise<TabState | null>}
 */
export async function read(tabId) {
  await know(tabId);
  return known.get(tabId) ?? null;
}

/**
 * Resolves when the new state is stored; the button shows it before that.
 * @param {number} tabId
 * @param {(state: TabState | null) => TabState | null} change
 * @returns {Promise<TabState | null>} the state afterwards
 */
export async function update(tabId, change) {
  await know(tabId);
  const before = known.get(tabId) ?? null;
  const after = change(before);
  if (after === before) return after;
  known.set(tabId, after);
  await Promise.all([present(tabId, after), store(tabId)]);
  return after;
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
export async function showAgain(tabId) {
  const state = await read(tabId);
  forgetButton(tabId);
  await present(tabId, state);
}

/** @param {number} tabId */
export function forget(tabId) {
  forgetButton(tabId);
  known.set(tabId, null);
  return store(tabId);
}

/**
 * As {@link amend}, for each tab that has a state.
 * @param {(state: TabState, tabId: number) => TabState | null} change
 */
export async function amendAll(change) {
  const stored = Object.keys(await browser.storage.session.get(null))
    .filter((key) => key.startsWith(KEY_PREFIX)).map((key) => Number(key.slice(KEY_PREFIX.length)));
  for (const tabId of new Set([...stored, ...known.keys()])) {
    await amend(tabId, (state) => change(state, tabId));
  }
}

/** Says of every flattr that an earlier background left under way that its end is not known yet. */
export function endAllOrphans() {
  return amendAll((state) => ({ ...state }));
}

/** @param {number} tabId */
async function know(tabId) {
  if (known.has(tabId)) return;
  if (!loading.has(tabId)) {
    loading.set(tabId, load(tabId).finally(() => loading.delete(tabId)));
  }
  await loading.get(tabId);
}

/** @param {number} tabId */
async function load(tabId) {
  const key = keyOf(tabId);
  /** @type {Record<string, TabState | undefined>} */
  const found = await browser.storage.session.get(key);
  const state = found[key];
  if (!known.has(tabId)) known.set(tabId, state ? endOrphans(state, RUN) : null);
}

/**
 * One after the other, so that the last one stays.
 * @param {number} tabId
 */
function store(tabId) {
  const met = unstored.get(tabId);
  if (met) return met;
  const done = storing.then(() => {
    unstored.delete(tabId);
    const state = known.get(tabId);
    const key = keyOf(tabId);
    return state
      ? browser.storage.session.set({ [key]: state }) : browser.storage.session.remove(key);
  });
  storing = done.catch(() => {});
  unstored.set(tabId, done);
  return done;
}
