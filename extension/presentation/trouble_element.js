/**
 * A trouble's data as an element, with the one thing to do about it.
 */

import { logElement, make } from "./dom.js";
import { PAGE_ACTS } from "./outcomes.js";
import { openPage } from "./pages.js";

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
 * @param {Help | null} help beside the way to the set-up page, where that is what helps
 */
export function troubleElement(trouble, words, logPlace, help) {
  const element = make("section", "trouble");
  const mark = make("span", "trouble-mark", "!");
  mark.setAttribute("aria-hidden", "true");
  const text = make("div", "trouble-text");
  text.append(make("h2", "", trouble.heading), make("p", "quiet", trouble.sentence));
  if (trouble.log) text.append(logElement(logPlace, words));
  const buttons = make("div", "buttons");
  if (trouble.act === "setup") {
    const label = words.say(PAGE_ACTS.setup);
    buttons.append(buttonElement({ label, press: () => openPage("setup") }, "primary"));
  }
  if (help) buttons.append(buttonElement(help));
  if (buttons.hasChildNodes()) text.append(buttons);
  element.append(mark, text);
  return element;
}

/**
 * @param {Help} help
 * @param {string} [name] of the class
 */
function buttonElement({ label, press }, name = "") {
  const button = make("button", name, label);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}
