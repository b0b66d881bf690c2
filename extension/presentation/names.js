/**
 * What things and people are called, as far as the host, the server or the page itself tells.
 */

import { sameDocument } from "../state/tab_machine.js";
import { addressOf, hostOf, tidy } from "./addresses.js";

/** @import { Discovery } from "../conversation/messages.js" */
/** @import { Gesture } from "../state/gesture.js" */

/**
 * The name of what is, or would be, flattred: the server's, else the link's or button's, else the
 * page's own where the page is the thing.
 * @param {Gesture} gesture
 * @param {Discovery | null} [discovery] of an offer; without it, of the gesture itself
 * @returns {string}
 */
export function nameOf(gesture, discovery = gesture.discovery) {
  const own = discovery === null || isOfPage(gesture, discovery) ? gesture.hints?.title : null;
  return tidy(gesture.outcome?.title) || tidy(discovery?.title) || tidy(own)
    || addressOf(discovery?.target ?? gesture.url);
}

/**
 * What a page is a part of, as people call it who know the site: `alice/tools`.
 * @param {Discovery} discovery
 */
export function nameOfWhole({ url, target, title, owner, name, id }) {
  const path = id ? "" : [owner, name].filter(Boolean).join("/");
  return tidy(title) || path || addressOf(target ?? url);
}

/**
 * Whether the page's title is the thing's. A page's title is never put upon an address on another
 * host, nor upon another page of its own.
 * @param {Gesture} gesture
 * @param {Discovery} discovery
 */
function isOfPage({ url, hints, discovery: found }, discovery) {
  const target = discovery.target ?? url;
  if (found?.reason === "part_of") return false;
  if (discovery.reason === "site") return hostOf(target) === hostOf(url);
  return [url, hints?.canonical ?? url].some((page) => samePage(page, target))
    && hostOf(target) === hostOf(url);
}

/**
 * Whether two addresses differ in nothing that readers would call another page.
 * @param {string} one
 * @param {string} other
 */
function samePage(one, other) {
  const [bare, otherBare] = [one, other].map((url) =>
    url.replace(/^https?:\/\/(?:www\.)?/, "").replace(/\/(?=$|#)/, ""));
  return sameDocument(bare ?? "", otherBare ?? null);
}
