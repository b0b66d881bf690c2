/**
 * What the popup says of one gesture, as data: the words and buttons, not yet the elements.
 */

import { isQuestion, isWaiting, offersOf } from "../state/gesture.js";
import { addressOf, hostOf, inSentence, shortened } from "./addresses.js";
import { buttonsOf } from "./buttons.js";
import { nameOf, nameOfWhole } from "./names.js";
import { keptSentence, whyKept } from "./kept.js";
import { ASK_FIRST, OUTCOMES, PART_OF, SEVERAL, UNKNOWN_CODE } from "./outcomes.js";
import { ownerLine } from "./owners.js";
import { SEVERAL_CAUTIONS, advice, cautionOf, nounOf, whence, why } from "./reasons.js";

/** @import { Discovery, Offer } from "../conversation/messages.js" */
/** @import { Gesture } from "../state/gesture.js" */
/** @import { Button } from "./buttons.js" */
/** @import { Look, Tone } from "./outcomes.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} ThingCard
 * @property {string} title
 * @property {string} owner whose it is; empty where nothing tells
 * @property {string} address host and path of what is flattred
 * @property {string} why where it comes from that it would be flattred
 *
 * @typedef {object} OfferCard one of several to choose from
 * @property {string} confirm what a yes to it is to
 * @property {string} title
 * @property {string} address
 * @property {string} owner
 * @property {string} why
 * @property {string} caution what there is to say against this one; empty for nothing
 *
 * @typedef {object} Card
 * @property {string} id of the gesture
 * @property {Tone} tone
 * @property {string} glyph
 * @property {string} heading
 * @property {string} sentence
 * @property {string} advice what the person can do; empty where there is nothing, or a button says it
 * @property {ThingCard | null} thing
 * @property {{ fromLabel: string, from: string, to: string } | null} hosts where another host was
 *   named
 * @property {OfferCard[]} offers where there are several
 * @property {Button[]} buttons
 * @property {boolean} log whether the log says more
 * @property {number} deadline end of the grace period, milliseconds since the epoch; else 0
 * @property {number} graceMs
 */

/** In a list, where nothing is cut by how much room there is: of a host, all is shown. */
const MAX_TITLE_CHARS = 120;
const MAX_PATH_CHARS = 80;

/** @type {Readonly<Record<Tone, string>>} */
export const GLYPHS = Object.freeze({
  busy: "…",
  grace: "…",
  good: "✓",
  quiet: "–",
  question: "?",
  offer: "?",
  kept: "↻",
  unsent: "×",
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
  const subject = subjectOf(gesture);
  return {
    id: gesture.id,
    tone: look.tone,
    glyph: GLYPHS[look.tone],
    heading: words.say(look.heading, subject ? nounOf(subject, words) : ""),
    sentence: sentenceOf(gesture, look, now, words),
    advice: adviceOf(gesture, words),
    thing: subject ? thingOf(gesture, subject, words) : null,
    hosts: isQuestion(gesture) && subject ? hostsOf(gesture, subject, words) : null,
    offers: subject ? [] : offersOf(gesture).map((offer) => offerCard(gesture, offer, words)),
    buttons: buttonsOf(gesture, look, words),
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
 * What the card speaks of: the one thing that is offered, else what was discovered.
 * @param {Gesture} gesture
 * @returns {Discovery | null} null where there are several to choose from, or nothing is known yet
 */
function subjectOf(gesture) {
  const offers = offersOf(gesture);
  return offers.length > 1 ? null : offers[0]?.discovery ?? gesture.discovery;
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @returns {Look}
 */
function lookOf(gesture, now) {
  if (offersOf(gesture).length > 1) return SEVERAL;
  if (isQuestion(gesture) && gesture.outcome?.code === "not_flattrable") return PART_OF;
  if (offersOf(gesture)[0]?.discovery.caution_reason === "ask_first") return ASK_FIRST;
  if (gesture.outcome) return OUTCOMES[gesture.outcome.code] ?? UNKNOWN_CODE;
  const name = nameOfLook(gesture, now);
  const tone = name === "grace" ? "grace" : "busy";
  return { tone, heading: `popup_${name}_heading`, sentence: `popup_${name}_sentence` };
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @returns {"grace" | "waiting" | "reading" | "asking" | "sending"}
 */
function nameOfLook(gesture, now) {
  if (gesture.phase === "grace") return "grace";
  if (isWaiting(gesture, now)) return "waiting";
  if (gesture.reading) return "reading";
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
  const { outcome } = gesture;
  if (look.sentence === "popup_waiting_sentence") {
    return words.say(look.sentence, words.sayTime(new Date(gesture.waitsUntil)));
  }
  switch (outcome?.code) {
    case "flattred":
      return outcome.flattrs
        ? words.sayCount("popup_flattrs_count", outcome.flattrs)
        : words.say(look.sentence);
    case "flattr_once":
      return words.say(look.sentence, words.sayServiceMonth(firstOfNextMonth(now)));
    case "not_flattrable":
      return joined(whyNothing(gesture, words) || words.say(look.sentence), outcome.detail);
    case "kept":
      return keptSentence(outcome, now, words);
    case "outbox_stopped":
      return joined(whyKept(outcome, words), words.say(look.sentence));
    case "confirmation_required":
      return cautionOfAll(gesture, words) || words.say(look.sentence);
    default:
      if (look === UNKNOWN_CODE && outcome?.message) return outcome.message;
      return joined(words.say(look.sentence), outcome?.detail);
  }
}

/**
 * @param {Gesture} gesture
 * @param {Words} words
 */
function adviceOf({ discovery, outcome }, words) {
  if (!outcome || outcome.offers?.length) return "";
  return advice(outcome.code === "not_flattrable" ? discovery?.reason ?? "" : outcome.code, words);
}

/**
 * Why the page itself is nothing to flattr; and, where it is a part of something that may be named by
 * another host, what there is to say against that.
 * @param {Gesture} gesture
 * @param {Words} words
 */
function whyNothing(gesture, words) {
  const { discovery, source } = gesture;
  if (!discovery) return "";
  const subject = subjectOf(gesture);
  const whole = discovery.part_of;
  const reason = whole && source === "link"
    ? words.say("reason_part_of_link_sentence", inSentence(nameOfWhole(whole)))
    : why(discovery, words);
  return joined(reason, subject ? cautionOf(subject, source, words) : "");
}

/**
 * What there is to say against the one thing that is offered; or that there are several.
 * @param {Gesture} gesture
 * @param {Words} words
 */
function cautionOfAll(gesture, words) {
  const about = subjectOf(gesture) ?? offersOf(gesture).map(({ discovery }) => discovery).find(
    ({ caution_reason: reason }) => SEVERAL_CAUTIONS.has(reason ?? ""));
  return about ? cautionOf(about, gesture.source, words) : "";
}

/** @param {(string | undefined)[]} sentences */
function joined(...sentences) {
  return sentences.filter(Boolean).join(" ");
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
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {ThingCard | null} null where nothing is about to be, or was, flattred
 */
function thingOf(gesture, discovery, words) {
  if (!discovery.flattrable || !discovery.target) return null;
  return {
    title: nameOf(gesture, discovery),
    owner: ownerLine(discovery, words),
    address: addressOf(discovery.target),
    why: whence(discovery, words),
  };
}

/**
 * @param {Gesture} gesture
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {Card["hosts"]}
 */
function hostsOf({ url, source }, discovery, words) {
  const from = hostOf(url);
  const to = hostOf(discovery.target ?? "");
  const fromLabel = words.say(source === "link" ? "popup_from_link_label" : "popup_from_label");
  return from && to && from !== to ? { fromLabel, from, to } : null;
}

/**
 * What there is to say against one of several, briefly. That there are several is said once, above
 * them all.
 * @param {Gesture} gesture
 * @param {Discovery} discovery
 * @param {Words} words
 */
function cautionOfOne({ url, source }, discovery, words) {
  const reason = discovery.caution_reason ?? "";
  if (SEVERAL_CAUTIONS.has(reason)) return "";
  if (reason !== "other_host") return cautionOf(discovery, source, words);
  return source === "link"
    ? words.say("popup_offer_other_host_link_text", hostOf(url))
    : words.say("popup_offer_other_host_text", hostOf(url));
}

/**
 * @param {Gesture} gesture
 * @param {Offer} offer
 * @param {Words} words
 * @returns {OfferCard}
 */
function offerCard(gesture, { confirm, discovery }, words) {
  const target = discovery.target ?? discovery.url;
  const name = nameOf(gesture, discovery);
  const address = shortened(addressOf(target), hostOf(target).length + MAX_PATH_CHARS);
  return {
    confirm,
    title: name === addressOf(target) ? address : shortened(name, MAX_TITLE_CHARS),
    address,
    owner: ownerLine(discovery, words),
    why: whence(discovery, words),
    caution: cautionOfOne(gesture, discovery, words),
  };
}
