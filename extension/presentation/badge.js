/**
 * What the toolbar button shows of a tab: glyph, colours and title, always together, so that nobody
 * has to tell colours apart.
 */

import { isWaiting } from "../state/gesture.js";
import { foremost, wantsPopup } from "../state/tab_machine.js";
import { shortened } from "./addresses.js";
import { cardOf, secondsLeft } from "./card.js";
import { nameOf } from "./names.js";

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
 * @typedef {object} Badge
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
  if (!gesture) {
    const title = words.say("toolbar_button_title");
    return { text: "", colour: COLOURS.quiet, title, opensPopup };
  }
  const card = cardOf(gesture, now, words);
  const text = gesture.phase === "grace" ? String(secondsLeft(gesture, now)) : card.glyph;
  const news = hasUnreadNews(state, gesture) ? words.say("toolbar_news_title") : "";
  const title = [titleOf(gesture, now, words), news].filter(Boolean).join("\n");
  return { text, colour: COLOURS[card.tone], title, opensPopup };
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
  const { heading, sentence, command } = cardOf(gesture, now, words);
  const isFlattred = gesture.outcome?.code === "flattred";
  const first = isFlattred ? words.say("toolbar_flattred_title", name) : heading;
  return [first, sentence, command].filter(Boolean).join("\n");
}
