/**
 * A card's data as elements. Text is only ever set as text: titles and addresses come from pages.
 */

import { secondsLeft } from "../presentation/card.js";
import { logElement, make } from "../presentation/dom.js";

/** @import { Button } from "../presentation/buttons.js" */
/** @import { Card, OfferCard, ThingCard } from "../presentation/card.js" */
/** @import { Words } from "../presentation/words.js" */

const SVG = "http://www.w3.org/2000/svg";

/** Buttons that begin a flattr. */
const FLATTRING = new Set(["confirm", "again"]);
/** Those do nothing at first, lest a key meant for the page presses them. */
const CONFIRM_AFTER_MS = 500;

/**
 * @typedef {object} Around what a card needs besides its data
 * @property {Words} words
 * @property {string} logPlace
 * @property {(act: Button["act"], id: string, offer?: string) => void} press
 */

/**
 * @param {Card} card
 * @param {Around} around
 * @returns {HTMLElement}
 */
export function cardElement(card, around) {
  const { words } = around;
  const element = make("section", "card");
  element.dataset.tone = card.tone;
  element.append(headElement(card));
  if (card.hosts) element.append(hostsElement(card.hosts, words));
  if (card.thing) element.append(thingElement(card.thing));
  if (card.offers.length > 0) element.append(offersElement(card, around));
  if (card.log) element.append(logElement(around.logPlace, words));
  if (card.buttons.length > 0) element.append(buttonsElement(card, around));
  return element;
}

/**
 * The seconds in the mark of a card that is in its grace period.
 * @param {HTMLElement} element of the card
 * @param {Card} card
 */
export function showSeconds(element, card) {
  const number = element.querySelector(".number");
  if (number) number.textContent = String(secondsLeft(card, Date.now()));
}

/** @param {Card} card */
function headElement(card) {
  const head = make("header", "head");
  const text = make("div", "");
  text.append(make("h1", "", card.heading), make("p", "sentence", card.sentence));
  if (card.advice) text.append(make("p", "advice", card.advice));
  head.append(markElement(card), text);
  return head;
}

/** @param {Card} card */
function markElement(card) {
  const mark = make("span", "mark");
  mark.setAttribute("aria-hidden", "true");
  const ring = document.createElementNS(SVG, "svg");
  ring.setAttribute("class", "ring");
  ring.setAttribute("viewBox", "0 0 32 32");
  ring.append(circle("whole"));
  const isGrace = card.deadline > 0;
  if (isGrace) {
    ring.append(circle("left"));
    const gone = card.graceMs - (card.deadline - Date.now());
    mark.style.setProperty("--grace-length", `${card.graceMs}ms`);
    mark.style.setProperty("--grace-gone", `${-gone}ms`);
  }
  mark.append(ring, make("span", "number", isGrace ? "" : card.glyph));
  return mark;
}

/** @param {string} name */
function circle(name) {
  const element = document.createElementNS(SVG, "circle");
  element.setAttribute("class", name);
  for (const [key, value] of Object.entries({ cx: 16, cy: 16, r: 14, pathLength: 100 })) {
    element.setAttribute(key, String(value));
  }
  return element;
}

/** @param {ThingCard} thing */
function thingElement(thing) {
  const element = make("div", "thing");
  element.append(...nameElements(thing));
  if (thing.why) element.append(make("p", "thing-why", thing.why));
  return element;
}

/**
 * Its title, whose it is, and where it is.
 * @param {{ title: string, owner: string, address: string }} thing
 */
function nameElements(thing) {
  const title = make("p", "thing-title", thing.title);
  title.dir = "auto";
  const elements = [title];
  if (thing.owner) elements.push(make("p", "thing-owner", thing.owner));
  // An address that stands in for a missing title is not said twice.
  if (thing.title === thing.address) return elements;
  const address = make("p", "thing-address", thing.address);
  address.dir = "ltr";
  return [...elements, address];
}

/**
 * @param {Card} card
 * @param {Around} around
 */
function offersElement({ id, offers, heading }, around) {
  const list = make("ul", "offers");
  list.setAttribute("aria-label", heading);
  list.append(...offers.map((offer, at) => offerElement(offer, `${id}-${at}`, id, around)));
  return list;
}

/**
 * @param {OfferCard} offer
 * @param {string} name of this element alone
 * @param {string} gesture
 * @param {Around} around
 */
function offerElement(offer, name, gesture, { words, press }) {
  const element = make("li", "offer");
  const text = make("div", "offer-text");
  text.append(...nameElements(offer), make("p", "offer-why", offer.why));
  if (offer.caution) text.append(make("p", "offer-caution", offer.caution));
  const yes = buttonElement("confirm", words.say("popup_offer_button"), () =>
    press("confirm", gesture, offer.confirm));
  // "Flattr" and what: heard alone, one such button is like the other.
  yes.id = `${name}-yes`;
  text.id = `${name}-text`;
  yes.setAttribute("aria-labelledby", `${yes.id} ${text.id}`);
  element.append(text, yes);
  return element;
}

/**
 * @param {NonNullable<Card["hosts"]>} hosts
 * @param {Words} words
 */
function hostsElement({ fromLabel, from, to }, words) {
  const list = make("dl", "hosts");
  list.append(
    make("dt", "", fromLabel), make("dd", "", from),
    make("dt", "", words.say("popup_to_label")), make("dd", "", to),
  );
  return list;
}

/**
 * @param {Card} card
 * @param {Around} around
 */
function buttonsElement(card, { press }) {
  const element = make("div", "buttons");
  for (const { act, label, isPrimary, confirm } of card.buttons) {
    const button = buttonElement(act, label, () => press(act, card.id, confirm));
    button.classList.toggle("primary", isPrimary && FLATTRING.has(act));
    element.append(button);
  }
  return element;
}

/**
 * @param {Button["act"]} act
 * @param {string} label
 * @param {() => void} pressed
 */
function buttonElement(act, label, pressed) {
  const button = make("button", "", label);
  button.dataset.act = act;
  button.addEventListener("click", (event) => {
    if (event.isTrusted) pressed();
  });
  if (FLATTRING.has(act)) {
    button.disabled = true;
    setTimeout(() => { button.disabled = false; }, CONFIRM_AFTER_MS);
  }
  return button;
}
