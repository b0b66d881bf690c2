/**
 * The keyboard shortcut, which is the browser's to keep.
 */

import { byId } from "../presentation/dom.js";

/** @import { Words } from "../presentation/words.js" */

/** @param {Words} words */
export async function showShortcut(words) {
  const show = async () => {
    const [command] = await browser.commands.getAll();
    byId("shortcut").textContent = command?.shortcut || words.say("options_no_shortcut_label");
  };
  byId("shortcut-change").addEventListener("click", openSettings);
  window.addEventListener("focus", show);
  await show();
}

/** Firefox has a call for it, Chromium a page. */
async function openSettings() {
  const { openShortcutSettings } = /** @type {{ openShortcutSettings?: () => Promise<void> }} */ (
    browser.commands);
  if (openShortcutSettings) await openShortcutSettings();
  else await browser.tabs.create({ url: "chrome://extensions/shortcuts" });
}
