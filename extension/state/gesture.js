/**
 * One wish of the person, from the click to its end, as plain data and pure functions. The phases and
 * what is about them stand in `tab_machine.js`.
 */

import { keptOutcome, outcomeOf } from "./entry_outcome.js";

/** @import { Hints } from "../conversation/hints.js" */
/** @import { Answer, Discovery, Entry, Offer, Status } from "../conversation/messages.js" */

/** The end of a gesture whose background was stopped: unknown, until the host was asked. */
export const ORPHANED = "background_stopped";

/** Ended like this there is nothing to read that badge and title do not say. */
const QUIET_OUTCOMES = new Set(["flattred", "cancelled"]);

/** Ended like this it surely was not flattred, and nobody said no to it. */
const UNSENT_OUTCOMES = new Set([
  "popup_closed", "interrupted", "never_sent", "payee_not_seen",
]);

/**
 * @typedef {object} Outcome
 * @property {string} code `flattred`, `kept`, or the code of the error
 * @property {string} [reason] of `kept` and `outbox_stopped`: the code of what keeps it; `sending`
 *   where it is being sent by somebody else
 * @property {number} [nextTry] of `kept`: not before, milliseconds since the epoch; 0 for any time
 * @property {string} [entry] what the host's outbox calls it: the gesture that it was asked for with
 *   first
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
 * @property {boolean} isNews told in this tab, but not asked for in it
 * @property {boolean} fromMenu chosen from a context menu: nobody may be looking at the button
 */

/**
 * @param {Pick<Gesture, "id" | "run" | "source" | "url" | "started">
 *   & Partial<Pick<Gesture, "hints" | "confirm" | "fromMenu">>} given
 * @returns {Gesture}
 */
export function newGesture(given) {
  return {
    confirm: null,
    hints: null,
    fromMenu: false,
    ...given,
    phase: "asking",
    reading: false,
    discovery: null,
    deadline: 0,
    graceMs: 0,
    waitsUntil: 0,
    outcome: null,
    unread: false,
    isNews: false,
  };
}

/**
 * Something that ended elsewhere, for the person to be told. Nobody sees its page now, so that it
 * would be flattred as a link is.
 * @param {Entry} entry
 * @param {string} run
 * @returns {Gesture}
 */
export function newsOf(entry, run) {
  const { gesture: id, url, asked_at, discovery } = entry;
  const asked = newGesture({ id, run, source: "link", url, started: asked_at * 1000 });
  return news({ ...asked, discovery }, { ...outcomeOf(entry), entry: id });
}

/**
 * That sending what waits stopped because it needs the person.
 * @param {Pick<Gesture, "id" | "run" | "started">} given
 * @param {string} reason the code of what stopped it
 * @param {string} [message]
 * @returns {Gesture}
 */
export function stoppedNotice(given, reason, message) {
  const notice = newGesture({ ...given, source: "link", url: "" });
  return news(notice, { code: "outbox_stopped", reason, message });
}

/**
 * @param {Gesture} gesture
 * @param {Outcome} outcome
 * @returns {Gesture}
 */
function news(gesture, outcome) {
  return { ...ended(gesture, outcome), unread: true, isNews: true };
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
    const { code, message, detail, offers, kept } = answer;
    const outcome = kept ? keptOutcome(kept, code) : { code, message, detail, offers };
    return ended({ ...gesture, discovery }, outcome);
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
 * @param {Gesture} gesture
 * @param {Entry} entry
 * @returns {Gesture}
 */
export function withEntry(gesture, entry) {
  return ended({ ...gesture, discovery: entry.discovery ?? gesture.discovery }, outcomeOf(entry));
}

/**
 * What is kept is sent now, because the person wants it.
 * @param {Gesture} gesture
 * @param {string} run the background's present start
 * @returns {Gesture}
 */
export function resent(gesture, run) {
  return { ...gesture, run, phase: "sending", outcome: null, unread: false };
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
export function isKept(gesture) {
  return gesture.outcome?.code === "kept";
}

/** @param {Gesture} gesture */
export function isOrphaned(gesture) {
  return gesture.outcome?.code === ORPHANED;
}

/**
 * What the outbox calls a flattr whose end is told here.
 * @param {Gesture} gesture
 * @returns {string[]} one name, or none: it waits still, or the person heard it as the answer
 */
export function endedEntry(gesture) {
  const entry = gesture.outcome?.entry;
  return entry && !isKept(gesture) ? [entry] : [];
}

/**
 * Whether something that ended otherwise than the person wanted can be flattred after all.
 * @param {Gesture} gesture
 */
export function canFlattrAgain(gesture) {
  return UNSENT_OUTCOMES.has(gesture.outcome?.code ?? "");
}

/**
 * Whether the person is told of it on the next page too.
 * @param {Gesture} gesture
 */
export function outlivesPage({ unread, isNews, outcome }) {
  return unread && (isNews || outcome?.code === "popup_closed");
}

/** @param {Gesture} gesture */
export function needsPerson(gesture) {
  return gesture.unread || isQuestion(gesture) || isKept(gesture);
}
