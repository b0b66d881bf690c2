/**
 * What the toolbar button shows of a tab: icon, glyph, colours and title, always together, so that
 * nobody has to tell colours apart.
 */

import { isWaiting } from "../state/gesture.js";
import { foremost, wantsPopup } from "../state/tab_machine.js";
import { shortened } from "./addresses.js";
import { cardOf, secondsLeft } from "./card.js";
import { nameOf } from "./names.js";
import { cautionOf, why } from "./reasons.js";

/** @import { Discovery } from "../conversation/messages.js" */
/** @import { Gesture } from "../state/gesture.js" */
/** @import { TabState } from "../state/tab_machine.js" */
/** @import { Tone } from "./outcomes.js" */
/** @import { Words } from "./words.js" */

/** As much as a tooltip shows on a line. */
const MAX_NAME_CHARS = 80;

export const TEXT_COLOUR = "#ffffff";

/**
 * White on each of these has a contrast of at least 4.5 : 1.
 * @type {Readonly<Record<Tone, string>>}
 */
export const COLOURS = Object.freeze({
  busy: "#4a5560",
  grace: "#8a4b00",
  good: "#1a6e3c",
  quiet: "#4a5560",
  question: "#1f5aa8",
  offer: "#4a5560",
  kept: "#6a4a9c",
  unsent: "#8a4b00",
  trouble: "#b3261e",
});

/**
 * The shapes in `icons/`, as full as the flattr is done: nothing yet; nothing to flattr here; begun,
 * and the person is needed; can be flattred, or on its way; flattred.
 * @typedef {"open" | "none" | "half" | "mark" | "done"} Icon
 */

/** @type {Readonly<Record<Tone, Icon>>} */
const ICONS = Object.freeze({
  busy: "mark",
  grace: "mark",
  good: "done",
  quiet: "none",
  question: "half",
  offer: "half",
  kept: "half",
  unsent: "half",
  trouble: "half",
});

/**
 * Ends that are as quiet as others, and leave the page otherwise.
 * @type {ReadonlyMap<string, Icon>}
 */
const ICONS_OF_OUTCOMES = new Map([["cancelled", "open"], ["flattr_once", "done"]]);

/**
 * @typedef {object} Badge
 * @property {Icon} icon
 * @property {string} text
 * @property {string} colour of the ground
 * @property {string} title
 * @property {boolean} opensPopup whether a click opens the popup
 */

/**
 * @param {TabState | null} state
 * @param {number} now
 * @param {Words} words
 * @returns {Badge}
 */
export function badgeOf(state, now, words) {
  const gesture = foremost(state);
  const opensPopup = wantsPopup(state);
  if (!gesture) return { ...atRest(state?.glance, words), opensPopup };
  const card = cardOf(gesture, now, words);
  const text = gesture.phase === "grace" ? String(secondsLeft(gesture, now)) : card.glyph;
  const news = hasUnreadNews(state, gesture) ? words.say("toolbar_news_title") : "";
  const title = [titleOf(gesture, now, words), news].filter(Boolean).join("\n");
  const icon = ICONS_OF_OUTCOMES.get(gesture.outcome?.code ?? "") ?? ICONS[card.tone];
  return { icon, text, colour: COLOURS[card.tone], title, opensPopup };
}

/**
 * Before a click: that the button flattrs; or what it would flattr, where the person wants to know. No
 * glyph, which would hide half of a shape that none but this and what is under way have.
 * A page of which the rules know nothing may still be known where the flattrs go.
 * @param {Discovery | null | undefined} glance
 * @param {Words} words
 * @returns {Omit<Badge, "opensPopup">}
 */
function atRest(glance, words) {
  const quiet = { text: "", colour: COLOURS.quiet };
  if (!glance) return { ...quiet, icon: "open", title: words.say("toolbar_button_title") };
  const found = glance.flattrable ? glance : glance.part_of;
  if (!found) return { ...quiet, icon: "none", title: words.say("toolbar_none_title") };
  const key = glance.flattrable ? "toolbar_ready_title" : "toolbar_part_title";
  const title = [words.say(key, why(found, words)), cautionOf(found, "page", words)];
  return { ...quiet, icon: "mark", title: title.filter(Boolean).join("\n") };
}

/**
 * Whether a click shows something besides what the badge speaks of.
 * @param {TabState | null} state
 * @param {Gesture} spokenOf
 */
function hasUnreadNews(state, spokenOf) {
  return (state?.gestures ?? []).some((one) => one.isNews && one.unread && one !== spokenOf);
}

/**
 * @param {Gesture} gesture
 * @param {number} now
 * @param {Words} words
 */
function titleOf(gesture, now, words) {
  const name = shortened(nameOf(gesture), MAX_NAME_CHARS);
  if (gesture.phase === "grace") {
    return words.say("toolbar_grace_title", name, String(secondsLeft(gesture, now)));
  }
  if (gesture.phase === "sending" && !isWaiting(gesture, now)) {
    return words.say("toolbar_sending_title", name);
  }
  const { heading, sentence, advice } = cardOf(gesture, now, words);
  const isFlattred = gesture.outcome?.code === "flattred";
  const first = isFlattred ? words.say("toolbar_flattred_title", name) : heading;
  return [first, sentence, advice].filter(Boolean).join("\n");
}
