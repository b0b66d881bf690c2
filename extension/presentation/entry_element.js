/**
 * The title of a thing in a list, as a link to it.
 */

import { make } from "./dom.js";

/**
 * @param {string} title
 * @param {string} link empty for none
 */
export function titleElement(title, link) {
  const element = make("p", "entry-title");
  element.dir = "auto";
  if (!link) {
    element.textContent = title;
    return element;
  }
  const anchor = make("a", "", title);
  anchor.href = link;
  anchor.rel = "noreferrer noopener";
  element.append(anchor);
  return element;
}
