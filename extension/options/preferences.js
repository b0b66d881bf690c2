/**
 * What the person wants of the extension itself: a box each, with its name as the id. Some need a permission, which the browser
 * asks for in the very gesture, and which goes back when the box is emptied.
 */

import { byId } from "../presentation/dom.js";
import { PREFERENCES, prefers, setPreference } from "../state/preferences.js";

/** @import { Words } from "../presentation/words.js" */
/** @import { Preference } from "../state/preferences.js" */

/**
 * What has to be allowed first.
 * @type {Readonly<Partial<Record<Preference, chrome.permissions.Permissions>>>}
 */
const NEEDED = Object.freeze({
  show_on_load: { origins: ["http://*/*", "https://*/*"] },
  notify: { permissions: ["notifications"] },
});

/** @param {Words} words */
export async function startPreferences(words) {
  for (const name of PREFERENCES) boxOf(name).addEventListener("change", () => change(name, words));
  browser.storage.local.onChanged.addListener(show);
  browser.permissions.onRemoved.addListener(withdraw);
  await Promise.all([show(), withdraw()]);
}

async function show() {
  for (const name of PREFERENCES) boxOf(name).checked = await prefers(name);
}

/** The person may take a permission back in the browser's own settings. */
async function withdraw() {
  for (const name of PREFERENCES) {
    const needed = NEEDED[name];
    if (!needed || !await prefers(name)) continue;
    if (!await browser.permissions.contains(needed)) await setPreference(name, false);
  }
}

/**
 * @param {Preference} name
 * @param {Words} words
 */
async function change(name, words) {
  const box = boxOf(name);
  const needed = NEEDED[name];
  const isWanted = box.checked;
  // Nothing is waited for before this: browsers ask only in the gesture itself.
  const isAllowed = !isWanted || !needed || await browser.permissions.request(needed);
  box.checked = isWanted && isAllowed;
  say(name, isAllowed ? "" : words.say("options_not_allowed_sentence"));
  await setPreference(name, box.checked);
  if (!isWanted && needed) await browser.permissions.remove(needed);
}

/**
 * @param {Preference} name
 * @param {string} text
 */
function say(name, text) {
  const place = document.getElementById(`${name}-said`);
  if (place) place.textContent = text;
}

/** @param {Preference} name */
function boxOf(name) {
  return /** @type {HTMLInputElement} */ (byId(name));
}
