/**
 * What can be done about a gesture, as the popup's buttons.
 */

import {
  canFlattrAgain, canUndo, isKept, isQuestion, isUnderWay, offersOf,
} from "../state/gesture.js";
import { connectingHelps } from "./kept.js";
import { ASK_FIRST, PAGE_ACTS, PART_OF } from "./outcomes.js";
import { nounOf } from "./reasons.js";

/** @import { PopupAct } from "../gestures/popup_messages.js" */
/** @import { Offer } from "../conversation/messages.js" */
/** @import { Gesture } from "../state/gesture.js" */
/** @import { Look, PageAct } from "./outcomes.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} Button
 * @property {Exclude<PopupAct, "read"> | PageAct} act
 * @property {string} label
 * @property {boolean} isPrimary
 * @property {string} [confirm] what a yes is to
 */

/**
 * The first one is what a stray key may press: it never flattrs anything that the person has not
 * asked for.
 * @param {Gesture} gesture
 * @param {Look} look
 * @param {Words} words
 * @returns {Button[]}
 */
export function buttonsOf(gesture, look, words) {
  if (isUnderWay(gesture) && canUndo(gesture)) {
    return [{ act: "undo", label: words.say("popup_undo_button"), isPrimary: true }];
  }
  if (isKept(gesture)) return keptButtons(gesture, words);
  if (canFlattrAgain(gesture)) {
    const label = words.say("popup_confirm_button");
    return [okButton(gesture, words), { act: "again", label, isPrimary: true }];
  }
  if (gesture.outcome?.code === "outbox_stopped") return stoppedButtons(gesture, words);
  if (isQuestion(gesture)) return answersTo(gesture, look, words);
  const help = look.act ? [pageButton(look.act, words)] : [];
  return gesture.outcome?.entry ? [okButton(gesture, words), ...help] : help;
}

/**
 * Retry; Cancel where nobody is sending it just now.
 * @param {Gesture} gesture
 * @param {Words} words
 * @returns {Button[]}
 */
function keptButtons({ outcome }, words) {
  const reason = outcome?.reason;
  /** @type {Button[]} */
  const buttons = [{ act: "retry", label: words.say("popup_retry_button"), isPrimary: false }];
  if (reason !== "sending") {
    buttons.push({ act: "forget", label: words.say("popup_cancel_button"), isPrimary: false });
  }
  return connectingHelps(reason) ? [...buttons, pageButton("connect", words)] : buttons;
}

/**
 * @param {Gesture} gesture
 * @param {Words} words
 * @returns {Button[]}
 */
function stoppedButtons({ outcome }, words) {
  /** @type {Button} */
  const show = { act: "history", label: words.say("popup_waiting_button"), isPrimary: false };
  return connectingHelps(outcome?.reason) ? [show, pageButton("connect", words)] : [show];
}

/**
 * @param {Gesture} gesture
 * @param {Words} words
 * @returns {Button}
 */
function okButton({ outcome }, words) {
  const act = outcome?.entry ? "forget" : "dismiss";
  return { act, label: words.say("popup_ok_button"), isPrimary: false };
}

/**
 * @param {PageAct} act
 * @param {Words} words
 * @returns {Button}
 */
function pageButton(act, words) {
  return { act, label: words.say(PAGE_ACTS[act]), isPrimary: false };
}

/**
 * Cancel; and beside it the yes, where it is clear to what. Each of several has its own.
 * @param {Gesture} gesture
 * @param {Look} look
 * @param {Words} words
 * @returns {Button[]}
 */
function answersTo(gesture, look, words) {
  /** @type {Button[]} */
  const no = [{ act: "dismiss", label: words.say("popup_cancel_button"), isPrimary: false }];
  const [offer, another] = offersOf(gesture);
  if (!offer || another) return no;
  const label = yesTo(offer, look, words);
  return [...no, { act: "confirm", label, isPrimary: true, confirm: offer.confirm }];
}

/**
 * @param {Offer} offer
 * @param {Look} look
 * @param {Words} words
 */
function yesTo({ discovery }, look, words) {
  if (look === PART_OF) return words.say("popup_part_of_button", nounOf(discovery, words));
  return words.say(look === ASK_FIRST ? "popup_offer_button" : "popup_confirm_button");
}
