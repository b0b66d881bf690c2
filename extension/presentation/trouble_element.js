/**
 * A trouble's data as an element, with the one thing to do about it.
 */

import { commandElement, logElement, make } from "./dom.js";

/** @import { Trouble } from "./trouble.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} Help
 * @property {string} label of the button
 * @property {() => void} press
 */

/**
 * @param {Trouble} trouble
 * @param {Words} words
 * @param {string} logPlace
 * @param {Help | null} help
 */
export function troubleElement(trouble, words, logPlace, help) {
  const element = make("section", "trouble");
  const mark = make("span", "trouble-mark", "!");
  mark.setAttribute("aria-hidden", "true");
  const text = make("div", "trouble-text");
  text.append(make("h2", "", trouble.heading), make("p", "quiet", trouble.sentence));
  if (trouble.command) text.append(commandElement(trouble.command, words));
  if (trouble.log) text.append(logElement(logPlace, words));
  if (help) {
    const button = make("button", "", help.label);
    button.type = "button";
    button.addEventListener("click", help.press);
    text.append(button);
  }
  element.append(mark, text);
  return element;
}
