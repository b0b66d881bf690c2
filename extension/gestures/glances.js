/**
 * A glance at pages as they load, for whom wants the button to tell whether they can be flattred: off
 * until the person says so and allows pages to be read. The tab that is in front is looked at, by what
 * it says of itself and by local rules; nothing goes over the network. Where there is no host, nothing
 * is said of that: the person did not ask.
 */

import { LIMITS } from "../conversation/hints.js";
import * as messages from "../conversation/messages.js";
import { prefers, setPreference } from "../state/preferences.js";
import { sameDocument, withGlance, withoutGlance } from "../state/tab_machine.js";
import * as tabs from "../state/tab_store.js";
import { connection } from "./host.js";
import { readHints } from "./page_hints.js";

const PAGES = { origins: ["http://*/*", "https://*/*"] };

/** A page that leads on to another, or changes its own address, is looked at when it has settled. */
const SETTLED_AFTER_MS = 250;

/**
 * Tabs that are looked at soon. Lost with the background, as is then the glance.
 * @type {Map<number, ReturnType<typeof setTimeout>>}
 */
const soon = new Map();

/** @param {number} tabId */
export async function glanceSoon(tabId) {
  if (!await prefers("show_on_load")) return;
  clearTimeout(soon.get(tabId));
  soon.set(tabId, setTimeout(() => {
    soon.delete(tabId);
    glance(tabId);
  }, SETTLED_AFTER_MS));
}

/**
 * The person turned it on or off.
 * @param {Record<string, { newValue?: unknown }>} changes
 */
export async function hearPreference({ show_on_load: change }) {
  if (!change) return;
  if (change.newValue !== true) return tabs.amendAll(withoutGlance);
  for (const { id } of await browser.tabs.query({ active: true })) if (id) await glanceSoon(id);
}

/** The person may have taken back, in the browser, what this needs. */
export async function hearWithdrawal() {
  if (await prefers("show_on_load") && !await browser.permissions.contains(PAGES)) {
    await setPreference("show_on_load", false);
  }
}

/** @param {number} tabId */
async function glance(tabId) {
  const url = await addressInFront(tabId);
  if (!url || (await tabs.read(tabId))?.glance) return;
  if (!await browser.permissions.contains(PAGES)) return;
  connection.greet();
  const answer = await connection.request(messages.discover(url, await readHints(tabId, url)));
  const found = answer.type === "done" ? answer.discovery : null;
  if (!found || !await prefers("show_on_load")) return;
  if (!sameDocument(url, await addressInFront(tabId))) return;
  await tabs.update(tabId, (state) => withGlance(state, url, found));
}

/**
 * @param {number} tabId
 * @returns {Promise<string | null>} null where there is nothing to look at (any more)
 */
async function addressInFront(tabId) {
  const tab = await browser.tabs.get(tabId).catch(() => null);
  const isReady = tab?.active && tab.status === "complete" && messages.isWebAddress(tab.url);
  return isReady && tab.url && tab.url.length <= LIMITS.urlChars ? tab.url : null;
}
