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
 *   4. a question, or words nobody has read yet   show the popup
 *   5. otherwise                                  flattr the page
 *
 * So a second click never flattrs a second time, and after a success, after Undo, and after words
 * that were read, the button is the flattr button again.
 *
 * The popup and the button. While a popup is open, both browsers (tried in Chromium 156 and Firefox
 * 153) keep a click on the button for themselves: it closes the popup, reaches no extension, and
 * cannot be told from a click beside the popup, which must not undo anything. Hence the popup has
 * *Undo* as its focused button as long as it is open, and it is never left set on the button during
 * the grace period: once it is closed, or where it could not be opened, the next click arrives here
 * and is Undo. Only for 4 does it stay set (`wantsPopup`), so that the browser itself opens it.
 */

/** @import { Hints } from "../conversation/hints.js" */
/** @import { Answer, Discovery, Offer, Status } from "../conversation/messages.js" */

/** Two clicks within this time are one gesture of somebody who double-clicks everything. */
export const DOUBLE_CLICK_MS = 300;

/** Ended like this there is nothing to read that badge and title do not say. */
const QUIET_OUTCOMES = new Set(["flattred", "cancelled"]);

/**
 * @typedef {object} Outcome
 * @property {string} code `flattred`, or the code of the error
 * @property {string} [message] the host's own sentence
 * @property {string} [detail] the part of it that only this case has
 * @property {Offer[]} [offers] what the person is asked about
 * @property {string | null} [title] of the thing, from the server
 * @property {number | null} [flattrs] of the thing, this one included
 */

/**
 * @typedef {object} Gesture
 * @property {string} id also that of the request to the host
 * @property {string} run which start of the background it belongs to
 * @property {"page" | "link"} source
 * @property {string} url
 * @property {string | null} confirm what the person said yes to, as the host named it
 * @property {number} started milliseconds since the epoch
 * @property {"asking" | "grace" | "sending" | "ended"} phase
 * @property {boolean} reading the page of the link is being read
 * @property {Hints | null} hints
 * @property {Discovery | null} discovery
 * @property {number} deadline end of the grace period, milliseconds since the epoch; 0 before it
 * @property {number} graceMs its whole length
 * @property {number} waitsUntil the server's limit holds it up so long, milliseconds since the
 *   epoch; else 0
 * @property {Outcome | null} outcome
 * @property {boolean} unread there are words for the person that no popup has shown yet
 */

/**
 * @typedef {object} TabState
 * @property {string | null} page the document that the gestures were made on; null once it was left
 * @property {boolean} loading
 * @property {Gesture[]} gestures oldest first
 */

/** Before the id of the tab: the name under which its state is stored. */
export const KEY_PREFIX = "tab:";

/** @param {number} tabId */
export function keyOf(tabId) {
  return KEY_PREFIX + tabId;
}

/**
 * @param {Pick<Gesture, "id" | "run" | "source" | "url" | "started">
 *   & Partial<Pick<Gesture, "hints" | "confirm">>} given
 * @returns {Gesture}
 */
export function newGesture(given) {
  return {
    confirm: null,
    hints: null,
    ...given,
    phase: "asking",
    reading: false,
    discovery: null,
    deadline: 0,
    graceMs: 0,
    waitsUntil: 0,
    outcome: null,
    unread: false,
  };
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
 * @param {Gesture} before
 * @param {Status} status
 * @param {number} now
 * @returns {Gesture}
 */
export function withStatus(before, status, now) {
  const gesture = { ...before, reading: false, waitsUntil: 0 };
  switch (status.state) {
    case "reading":
      return { ...gesture, reading: true };
    case "discovered":
      return { ...gesture, discovery: status.discovery ?? null };
    case "undo": {
      const graceMs = (status.seconds ?? 0) * 1000;
      return { ...gesture, phase: "grace", graceMs, deadline: now + graceMs };
    }
    case "sending":
      return { ...gesture, phase: "sending" };
    case "waiting":
      return { ...gesture, waitsUntil: now + (status.seconds ?? 0) * 1000 };
    default:
      return before;
  }
}

/**
 * @param {Gesture} gesture
 * @param {Answer} answer
 * @returns {Gesture}
 */
export function withAnswer(gesture, answer) {
  const discovery = answer.discovery ?? gesture.discovery;
  if (answer.type === "error") {
    const { code, message, detail, offers } = answer;
    return ended({ ...gesture, discovery }, { code, message, detail, offers });
  }
  const { title = null, flattrs = null } = answer.thing ?? {};
  return ended({ ...gesture, discovery }, { code: "flattred", title, flattrs });
}

/**
 * @param {Gesture} gesture
 * @param {Outcome} outcome
 * @returns {Gesture}
 */
export function ended(gesture, outcome) {
  const now = { ...gesture, phase: /** @type {const} */ ("ended"), outcome };
  return { ...now, unread: !endedQuietly(now) };
}

/**
 * Ends what an earlier background had under way: its port died with it, and nobody will ever say
 * how the flattr ended. To say so is better than to wait for ever.
 * @param {TabState} state
 * @param {string} run the background's present start
 * @returns {TabState}
 */
export function endOrphans(state, run) {
  const gestures = state.gestures.map((gesture) =>
    isUnderWay(gesture) && gesture.run !== run ? ended(gesture, { code: "interrupted" }) : gesture);
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
 * sent, that before one that needs the person, and the newest of each.
 * @param {TabState | null} state
 * @returns {Gesture | undefined}
 */
export function foremost(state) {
  const gestures = state?.gestures ?? [];
  return gestures.findLast(canUndo)
    ?? gestures.findLast(isUnderWay)
    ?? gestures.findLast(needsPerson)
    ?? gestures.at(-1);
}

/**
 * What remains after `tabs.onUpdated`. Without the `tabs` permission that event still says when a
 * load begins and ends, and both browsers reset the button of the tab when a document is replaced.
 * They do not when a page changes its own address (`pushState`): Chromium reports `loading` with
 * the new address, Firefox a `complete` that no `loading` came before.
 *
 * Flattrs under way are not about the page any more but go on, with their Undo.
 * @param {TabState} state
 * @param {{ status?: string, url?: string }} change
 * @returns {TabState | null} null where nothing remains
 */
export function navigated(state, change) {
  if (change.status === "complete" && state.loading) return { ...state, loading: false };
  if (change.status !== "loading" && change.status !== "complete") return state;
  const loading = change.status === "loading";
  if (loading && change.url && sameDocument(change.url, state.page)) return { ...state, loading };
  const gestures = state.gestures.filter(isUnderWay);
  return gestures.length > 0 ? { page: null, loading, gestures } : null;
}

/** @param {Gesture} gesture */
export function endedQuietly(gesture) {
  return QUIET_OUTCOMES.has(gesture.outcome?.code ?? "");
}

/** @param {Gesture} gesture */
export function isUnderWay(gesture) {
  return gesture.phase !== "ended";
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 */
export function isWaiting(gesture, now) {
  return isUnderWay(gesture) && gesture.waitsUntil > now;
}

/** @param {Gesture} gesture */
export function canUndo(gesture) {
  return gesture.phase === "asking" || gesture.phase === "grace";
}

/**
 * What the person is asked about, best first: what a page names where it is better to look twice, or
 * what the page is only a part of. Empty where there is no question.
 * @param {Gesture} gesture
 */
export function offersOf(gesture) {
  return gesture.outcome?.offers ?? [];
}

/** @param {Gesture} gesture */
export function isQuestion(gesture) {
  return offersOf(gesture).length > 0;
}

/** @param {Gesture} gesture */
function needsPerson(gesture) {
  return gesture.unread || isQuestion(gesture);
}

/**
 * Whether two addresses differ in nothing but what follows "#".
 * @param {string} url
 * @param {string | null} other
 */
export function sameDocument(url, other) {
  return other !== null && url.split("#", 1)[0] === other.split("#", 1)[0];
}
