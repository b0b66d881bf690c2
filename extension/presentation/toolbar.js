/**
 * The toolbar button of a tab: puts on it what `badge.js` decides.
 */

import { COLOURS, TEXT_COLOUR, badgeOf } from "./badge.js";
import { GLYPHS } from "./card.js";
import { wordsOf } from "./words.js";

/** @import { TabState } from "../state/tab_machine.js" */
/** @import { Badge, Icon } from "./badge.js" */

/**
 * What a button shows, and the popup that a click opens: its address, or nothing.
 * @typedef {Omit<Badge, "opensPopup"> & { popup: string }} Button
 */

/** @type {{ readonly [Name in keyof Button]: (tabId: number, value: Button[Name]) => Promise<void> }} */
const SETTERS = {
  text: (tabId, text) => browser.action.setBadgeText({ tabId, text }),
  colour: (tabId, color) => browser.action.setBadgeBackgroundColor({ tabId, color }),
  popup: (tabId, popup) => browser.action.setPopup({ tabId, popup }),
  title: (tabId, title) => browser.action.setTitle({ tabId, title }),
  icon: (tabId, icon) => setIcon(tabId, icon),
};

/** @typedef {readonly (keyof Button)[]} Names */

/** What is seen first, and what decides about the next click. */
const AT_ONCE = /** @type {Names} */ (["text", "colour", "popup"]);

/**
 * What may follow: each change costs the browser some milliseconds, reading an icon the most, and a
 * flattr without a grace period has ended before it was drawn.
 */
const LATER = /** @type {Names} */ (["title", "icon"]);
export const LATER_MS = 60;

/** @type {Map<number, Partial<Button>>} */
const wanted = new Map();

/**
 * What this background has told the browser, so that only what changes is set.
 * @type {Map<number, Partial<Button>>}
 */
const told = new Map();

/** @type {Map<number, ReturnType<typeof setTimeout>>} */
const following = new Map();
let settingIcons = Promise.resolve();

/** Of all tabs; a browser may choose another colour otherwise. */
export function colourText() {
  browser.action.setBadgeTextColor({ color: TEXT_COLOUR });
}

/**
 * The popup's address says whose tab's state it shows.
 * @param {number} tabId
 */
export function popupOf(tabId) {
  return `popup/popup.html?tab=${tabId}`;
}

/**
 * Answers a gesture with the first visible change, before anything else is looked up.
 * @param {number} tabId
 */
export function acknowledge(tabId) {
  show(tabId, { text: GLYPHS.busy, colour: COLOURS.busy });
}

/**
 * @param {number} tabId
 * @param {TabState | null} state
 */
export async function present(tabId, state) {
  const words = wordsOf(browser.i18n.getMessage);
  const { opensPopup, ...badge } = badgeOf(state, Date.now(), words);
  await show(tabId, { ...badge, popup: opensPopup ? popupOf(tabId) : "" });
}

/**
 * The browser has put its default on the button of a tab, or the tab is gone.
 * @param {number} tabId
 */
export function forgetButton(tabId) {
  told.delete(tabId);
}

/**
 * @param {number} tabId
 * @param {Partial<Button>} change
 */
function show(tabId, change) {
  wanted.set(tabId, { ...wanted.get(tabId), ...change });
  if (!following.has(tabId)) following.set(tabId, setTimeout(() => {
    following.delete(tabId);
    tell(tabId, LATER);
  }, LATER_MS));
  return tell(tabId, AT_ONCE);
}

/**
 * @param {number} tabId
 * @param {Names} names
 */
async function tell(tabId, names) {
  const now = wanted.get(tabId) ?? {};
  const before = told.get(tabId) ?? {};
  const changed = names.filter((name) => name in now && now[name] !== before[name]);
  told.set(tabId, { ...before, ...Object.fromEntries(changed.map((name) => [name, now[name]])) });
  // A tab may be closed at any moment, and then every call about it is refused.
  await Promise.allSettled(changed.map((name) => set(name, tabId, now[name])));
}

/**
 * @template {keyof Button} Name
 * @param {Name} name
 * @param {number} tabId
 * @param {any} value
 */
function set(name, tabId, value) {
  return SETTERS[name](tabId, value);
}

/**
 * One after the other, so that the last one stays.
 * @param {number} tabId
 * @param {Icon} icon
 */
function setIcon(tabId, icon) {
  const done = settingIcons.then(() => browser.action.setIcon({ tabId, path: pathsOf(icon) }));
  settingIcons = done.catch(() => {});
  return done;
}

/**
 * The pictures of one shape. From the top of the extension: a worker has a place of its own.
 * @param {Icon} icon
 */
export function pathsOf(icon) {
  return { 16: `/icons/${icon}-16.png`, 32: `/icons/${icon}-32.png` };
}
