/**
 * What is going on in one tab, as plain data and pure functions: `storage.session` keeps the data,
 * so that a background that was stopped forgets nothing.
 *
 * A *gesture* is one wish of the person: a click on the button, or a choice from a context menu.
 *
 *     asking ──undo──▶ grace ──sending──▶ sending ──done──▶ ended (flattred)
 *       │                │                   │
 *       └────────────────┴──────error────────┴───────────▶ ended (any other code)
 *
 * `reading` says that the page of a link is being read, and it is `asking` still. `waiting` says
 * until when the server's limit holds it up, in whatever phase it is. `discovered` fills in what is
 * about to be flattred and changes no phase either; without a grace period `sending` follows
 * `asking`. Several gestures can be under way in one tab, links flattred one after the other, each
 * with its own Undo.
 *
 * What a click on the button does (`decideClick`), first match:
 *
 *   1. a double click's second half               nothing
 *   2. a flattr here that can still be undone     undo it
 *   3. this page's flattr is being sent           nothing, it cannot be taken back
 *   4. a question, something kept, or words that  show the popup
 *      nobody has read yet
 *   5. otherwise                                  flattr the page
 *
 * So a second click never flattrs a second time, and after a success, after Undo, and after words
 * that were read, the button is the flattr button again.
 *
 * The popup and the button. While a popup is open, both browsers (tried in Chromium 156 and Firefox
 * 153) keep a click on the button for themselves: it closes the popup and reaches no extension. A
 * second click must be Undo all the same, and it cannot be told from a click beside the popup, from
 * Escape, or from the end of the browser. So whatever closes a popup undoes the flattrs that it
 * showed and that can still be undone (`popup_port.js`): whoever looked away has not consented. It
 * ends as `popup_closed`, which, unlike Undo, leaves words behind: badge and title say at once that
 * nothing was flattred, the next click shows why, with a button to flattr it after all, and no
 * navigation takes that away before it was read.
 *
 * The popup is never left set on the button during the grace period: where it could not be opened,
 * the next click arrives here and is Undo. Only for 4 does it stay set (`wantsPopup`), so that the
 * browser itself opens it.
 *
 * What came of a flattr is the host's to say, and it writes everything down. A gesture that waits in
 * its outbox ends as `kept`, and needs the person until it is settled, cancelled, or left behind; one
 * whose host was lost ends as what the next host finds written (`entry_outcome.js`). `isNews` marks
 * what is told in a tab that it does not come from: badge and title keep to the tab's own.
 */

import {
  ORPHANED, canUndo, ended, endedEntry, isKept, isUnderWay, needsPerson, outlivesPage, withEntry,
} from "./gesture.js";

/** @import { Discovery, Entry } from "../conversation/messages.js" */
/** @import { Gesture } from "./gesture.js" */

/** Two clicks within this time are one gesture of somebody who double-clicks everything. */
export const DOUBLE_CLICK_MS = 300;

/**
 * @typedef {object} TabState
 * @property {string | null} page the document that the gestures were made on; null once it was left
 * @property {boolean} loading
 * @property {Gesture[]} gestures oldest first
 * @property {Discovery | null} [glance] what the page was found to be as it loaded, where the person
 *   wants to see that; whatever a gesture has to say goes before it
 */

/** Before the id of the tab: the name under which its state is stored. */
export const KEY_PREFIX = "tab:";

/** @param {number} tabId */
export function keyOf(tabId) {
  return KEY_PREFIX + tabId;
}

/**
 * What is told in a tab besides its own. What it has already, as news or as its own, is not told
 * twice.
 * @param {TabState} state
 * @param {Gesture[]} told
 * @returns {TabState}
 */
export function withNews(state, told) {
  const known = new Set(state.gestures.flatMap(({ id, outcome }) => [id, outcome?.entry]));
  return { ...state, gestures: [...told.filter(({ id }) => !known.has(id)), ...state.gestures] };
}

/**
 * What remains when the person has seen some news elsewhere. What a tab tells of its own stays.
 * @param {TabState} state
 * @param {string[]} seen what the outbox calls it
 * @returns {TabState | null} null where nothing remains
 */
export function withoutNews(state, seen) {
  const isSeen = (/** @type {Gesture} */ gesture) =>
    gesture.isNews && endedEntry(gesture).some((entry) => seen.includes(entry));
  const gestures = state.gestures.filter((gesture) => !isSeen(gesture));
  if (gestures.length === state.gestures.length) return state;
  return gestures.length > 0 || state.glance ? { ...state, gestures } : null;
}

/**
 * What a tab shows of its page before anybody clicks.
 * @param {TabState | null} state
 * @param {string} page
 * @param {Discovery} glance
 * @returns {TabState}
 */
export function withGlance(state, page, glance) {
  return { ...(state ?? { page, loading: false, gestures: [] }), glance };
}

/**
 * @param {TabState} state
 * @returns {TabState | null} null where nothing remains
 */
export function withoutGlance(state) {
  if (!state.glance) return state;
  return state.gestures.length > 0 ? { ...state, glance: null } : null;
}

/**
 * What was kept may have been sent, or refused, meanwhile.
 * @param {TabState} state
 * @param {Entry[]} entries as they are now
 * @returns {TabState}
 */
export function withEntries(state, entries) {
  let isChanged = false;
  const gestures = state.gestures.map((gesture) => {
    const entry = isKept(gesture)
      && entries.find((one) => one.gesture === gesture.outcome?.entry && one.state !== "grace");
    if (!entry) return gesture;
    isChanged = true;
    return { ...withEntry(gesture, entry) };
  });
  return isChanged ? { ...state, gestures } : state;
}

/**
 * A new gesture supersedes those that ended and were read; a question asked before stays.
 * @param {TabState | null} state
 * @param {Gesture} gesture
 * @param {{ url?: string, status?: string }} tab
 * @returns {TabState}
 */
export function begin(state, gesture, tab) {
  const kept = (state?.gestures ?? []).filter((old) => isUnderWay(old) || needsPerson(old));
  const others = kept.filter((old) => isUnderWay(old) || old.url !== gesture.url);
  return {
    page: tab.url ?? null,
    loading: tab.status === "loading",
    gestures: [...others, gesture],
    glance: state?.glance ?? null,
  };
}

/**
 * @param {TabState} state
 * @param {string} id
 * @param {(gesture: Gesture) => Gesture | null} change null drops the gesture
 * @returns {TabState}
 */
export function mapGesture(state, id, change) {
  const gestures = state.gestures.flatMap((gesture) =>
    gesture.id === id ? (change(gesture) ?? []) : gesture);
  return { ...state, gestures };
}

/**
 * Ends what an earlier background had under way: its port died with it. What became of it the host
 * has written down, but none is started for that without the person (`gestures/outbox.js`).
 * @param {TabState} state
 * @param {string} run the background's present start
 * @returns {TabState}
 */
export function endOrphans(state, run) {
  const gestures = state.gestures.map((gesture) =>
    isUnderWay(gesture) && gesture.run !== run ? ended(gesture, { code: ORPHANED }) : gesture);
  return { ...state, gestures };
}

/**
 * Marks words as read: a popup has shown them.
 * @param {TabState} state
 * @param {string[]} ids
 * @returns {TabState}
 */
export function markRead(state, ids) {
  const gestures = state.gestures.map((gesture) =>
    ids.includes(gesture.id) && !isUnderWay(gesture) ? { ...gesture, unread: false } : gesture);
  return { ...state, gestures };
}

/**
 * @param {TabState | null} state
 * @param {string | undefined} url of the page that the tab shows
 * @param {number} now
 * @returns {{ act: "flattr" | "show" | "ignore" } | { act: "undo", id: string }}
 */
export function decideClick(state, url, now) {
  const gestures = state?.gestures ?? [];
  const newest = gestures.findLast(isUnderWay);
  if (newest && now - newest.started < DOUBLE_CLICK_MS) return { act: "ignore" };
  const undoable = gestures.findLast(canUndo);
  if (undoable) return { act: "undo", id: undoable.id };
  if (isRepeated(state, url)) return { act: "ignore" };
  return { act: wantsPopup(state) ? "show" : "flattr" };
}

/**
 * Whether the same wish is under way already, so that a second one would be a second flattr.
 * @param {TabState | null} state
 * @param {string | undefined} url
 */
export function isRepeated(state, url) {
  return (state?.gestures ?? []).some((gesture) => isUnderWay(gesture) && gesture.url === url);
}

/**
 * Whether a click on the button shall open the popup instead of reaching the background.
 * @param {TabState | null} state
 */
export function wantsPopup(state) {
  const gestures = state?.gestures ?? [];
  return !gestures.some(canUndo) && gestures.some(needsPerson);
}

/**
 * The gesture that badge and title speak of: one that can be undone before one that is only being
 * sent, that before one that needs the person, and the newest of each. What is news from elsewhere
 * comes last.
 * @param {TabState | null} state
 * @returns {Gesture | undefined}
 */
export function foremost(state) {
  const gestures = state?.gestures ?? [];
  return gestures.findLast(canUndo)
    ?? gestures.findLast(isUnderWay)
    ?? gestures.findLast((gesture) => !gesture.isNews && needsPerson(gesture))
    ?? gestures.findLast((gesture) => !gesture.isNews)
    ?? gestures.at(-1);
}

/**
 * What remains after `tabs.onUpdated`. Without the `tabs` permission that event still says when a
 * load begins and ends, and both browsers reset the button of the tab when a document is replaced.
 * They do not when a page changes its own address (`pushState`): Chromium reports `loading` with
 * the new address, Firefox a `complete` that no `loading` came before.
 *
 * Flattrs under way are not about the page any more but go on, with their Undo; and a click beside
 * the popup that undid one may have been on a link. News is of no page at all.
 * @param {TabState} state
 * @param {{ status?: string, url?: string }} change
 * @returns {TabState | null} null where nothing remains
 */
export function navigated(state, change) {
  if (change.status === "complete" && state.loading) return { ...state, loading: false };
  if (change.status !== "loading" && change.status !== "complete") return state;
  const loading = change.status === "loading";
  if (loading && change.url && sameDocument(change.url, state.page)) return { ...state, loading };
  const gestures = state.gestures.filter((gesture) => isUnderWay(gesture) || outlivesPage(gesture));
  return gestures.length > 0 ? { page: null, loading, gestures } : null;
}

/**
 * Whether two addresses differ in nothing but what follows "#".
 * @param {string} url
 * @param {string | null} other
 */
export function sameDocument(url, other) {
  return other !== null && url.split("#", 1)[0] === other.split("#", 1)[0];
}
