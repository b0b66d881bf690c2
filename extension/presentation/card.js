/**
 * What the popup says of one gesture, as data: the words and buttons, not yet the elements.
 */

import { canUndo, isQuestion, isUnderWay, isWaiting } from "../state/tab_machine.js";
import { addressOf, hostOf, tidy } from "./addresses.js";
import { OUTCOMES, PAGE_ACTS, UNKNOWN_CODE } from "./outcomes.js";
import { cautionOf, why } from "./reasons.js";

/** @import { Gesture } from "../state/tab_machine.js" */
/** @import { Look, PageAct, Tone } from "./outcomes.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} ThingCard
 * @property {string} title
 * @property {string} address host and path of what is flattred
 * @property {string} why a sentence
 *
 * @typedef {object} Button
 * @property {"undo" | "confirm" | "dismiss" | PageAct} act
 * @property {string} label
 * @property {boolean} isPrimary
 *
 * @typedef {object} Card
 * @property {string} id of the gesture
 * @property {Tone} tone
 * @property {string} glyph
 * @property {string} heading
 * @property {string} sentence
 * @property {ThingCard | null} thing
 * @property {{ from: string, to: string } | null} hosts where another host was named
 * @property {Button[]} buttons
 * @property {string} command what to type; empty for nothing
 * @property {boolean} log whether the log says more
 * @property {number} deadline end of the grace period, milliseconds since the epoch; else 0
 * @property {number} graceMs
 */

/** @type {Readonly<Record<Tone, string>>} */
export const GLYPHS = Object.freeze({
  busy: "…",
  grace: "…",
  good: "✓",
  quiet: "–",
  question: "?",
  trouble: "!",
});

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @param {Words} words
 * @returns {Card}
 */
export function cardOf(gesture, now, words) {
  const look = lookOf(gesture, now);
  return {
    id: gesture.id,
    tone: look.tone,
    glyph: GLYPHS[look.tone],
    heading: words.say(look.heading),
    sentence: sentenceOf(gesture, look, now, words),
    thing: thingOf(gesture, words),
    hosts: isQuestion(gesture) ? hostsOf(gesture) : null,
    buttons: buttonsOf(gesture, look, words),
    command: look.command ?? "",
    log: look.log ?? false,
    deadline: gesture.phase === "grace" ? gesture.deadline : 0,
    graceMs: gesture.graceMs,
  };
}

/**
 * Seconds that are left for Undo, never shown as 0 while it is still possible.
 * @param {Pick<Gesture, "deadline">} gesture
 * @param {number} now
 */
export function secondsLeft(gesture, now) {
  return Math.max(1, Math.ceil((gesture.deadline - now) / 1000));
}

/**
 * The name of what is flattred: the server's, else the auto-submit URL's, else the page's own where
 * the page is the thing. A page's title is never put upon an address on another host.
 * @param {Gesture} gesture
 * @returns {string}
 */
export function nameOf(gesture) {
  const { discovery, hints, outcome, url } = gesture;
  const target = discovery?.target ?? url;
  const own = hostOf(target) === hostOf(url) ? hints?.title : null;
  return tidy(outcome?.title) || tidy(discovery?.title) || tidy(own) || addressOf(target);
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @returns {Look}
 */
function lookOf(gesture, now) {
  if (gesture.outcome) return OUTCOMES[gesture.outcome.code] ?? UNKNOWN_CODE;
  const name = nameOfLook(gesture, now);
  const tone = name === "grace" ? "grace" : "busy";
  return { tone, heading: `popup_${name}_heading`, sentence: `popup_${name}_sentence` };
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @returns {"grace" | "waiting" | "asking" | "sending"}
 */
function nameOfLook(gesture, now) {
  if (gesture.phase === "grace") return "grace";
  if (isWaiting(gesture, now)) return "waiting";
  return gesture.phase === "asking" ? "asking" : "sending";
}

/**
 * @param {Gesture} gesture
 * @param {Look} look
 * @param {number} now
 * @param {Words} words
 * @returns {string}
 */
function sentenceOf(gesture, look, now, words) {
  const { outcome, discovery } = gesture;
  if (look.sentence === "popup_waiting_sentence") {
    return words.say(look.sentence, words.sayTime(new Date(gesture.waitsUntil)));
  }
  switch (outcome?.code) {
    case "flattred":
      return outcome.flattrs
        ? words.sayCount("popup_flattrs_count", outcome.flattrs)
        : words.say(look.sentence);
    case "flattr_once":
      return words.say(look.sentence, words.sayDay(firstOfNextMonth(now)));
    case "not_flattrable":
      return (discovery && why(discovery, words)) || words.say(look.sentence);
    case "confirmation_required":
      return (discovery && cautionOf(discovery, words)) || words.say(look.sentence);
    default:
      if (look === UNKNOWN_CODE && outcome?.message) return outcome.message;
      return [words.say(look.sentence), outcome?.detail].filter(Boolean).join(" ");
  }
}

/**
 * The month of the service is that of UTC.
 * @param {number} now
 */
function firstOfNextMonth(now) {
  const today = new Date(now);
  return new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1));
}

/**
 * @param {Gesture} gesture
 * @param {Words} words
 * @returns {ThingCard | null} null where nothing is about to be, or was, flattred
 */
function thingOf(gesture, words) {
  const { discovery } = gesture;
  if (!discovery?.flattrable || !discovery.target) return null;
  return {
    title: nameOf(gesture),
    address: addressOf(discovery.target),
    why: why(discovery, words),
  };
}

/**
 * @param {Gesture} gesture
 * @returns {{ from: string, to: string } | null}
 */
function hostsOf(gesture) {
  const from = hostOf(gesture.url);
  const to = hostOf(gesture.discovery?.target ?? "");
  return from && to && from !== to ? { from, to } : null;
}

/**
 * @param {Gesture} gesture
 * @param {Look} look
 * @param {Words} words
 * @returns {Button[]}
 */
function buttonsOf(gesture, look, words) {
  if (isUnderWay(gesture) && canUndo(gesture)) {
    return [{ act: "undo", label: words.say("popup_undo_button"), isPrimary: true }];
  }
  if (look.act) return [{ act: look.act, label: words.say(PAGE_ACTS[look.act]), isPrimary: false }];
  if (!isQuestion(gesture)) return [];
  return [
    { act: "dismiss", label: words.say("popup_cancel_button"), isPrimary: false },
    { act: "confirm", label: words.say("popup_confirm_button"), isPrimary: true },
  ];
}
