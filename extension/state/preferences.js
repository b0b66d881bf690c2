/**
 * What the person set for the extension itself, in `storage.local`. Everything is off until they say
 * otherwise. What is about the flattrs themselves, as how long one can be undone, is the host's.
 */

export const PREFERENCES = Object.freeze(/** @type {const} */ ([
  "send_at_start", // what waits is sent when the browser starts
  "ask_first", // nothing is flattred before a yes in the popup
  "show_on_load", // the button tells of each page whether it can be flattred
  "notify", // the system tells how a flattr from the context menu ended
  "show_images", // the history shows the images of things
]));

/** @typedef {typeof PREFERENCES[number]} Preference */

/** @param {Preference} name */
export async function prefers(name) {
  const found = await browser.storage.local.get(name);
  return found[name] === true;
}

/**
 * @param {Preference} name
 * @param {boolean} isWanted
 */
export function setPreference(name, isWanted) {
  return browser.storage.local.set({ [name]: isWanted });
}
