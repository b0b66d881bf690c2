/* Every gesture is written down in storage.local, badged at once, and answered a second later with a
 * popup that nothing synchronous in the gesture opened: the hardest case for the drivers. */
import { readPage } from "./page.js";

const POPUP_DELAY_MS = 1000;

async function record(entry) {
  const { log = [] } = await browser.storage.local.get("log");
  await browser.storage.local.set({ log: [...log, entry] });
}

async function gesture(kind, tab, linkUrl) {
  await browser.action.setBadgeText({ tabId: tab.id, text: kind[0] });
  await browser.action.setBadgeBackgroundColor({ tabId: tab.id, color: "#2e7d32" });
  await browser.action.setTitle({ tabId: tab.id, title: `Probe: ${kind}` });
  const read = await readPage(tab.id).catch((error) => `refused: ${error.message}`);
  await record({ kind, linkUrl: linkUrl ?? null, url: tab.url ?? null, read });
  await browser.action.setPopup({ tabId: tab.id, popup: "popup.html" });
  await new Promise((resolve) => setTimeout(resolve, POPUP_DELAY_MS));
  const opened = await browser.action.openPopup().then(
    () => "opened", (error) => `refused: ${error.message}`);
  await record({ kind: "openPopup", opened });
}

browser.action.onClicked.addListener((tab) => gesture("click", tab));
browser.contextMenus.onClicked.addListener((info, tab) =>
  gesture(info.menuItemId, tab, info.linkUrl));

browser.runtime.onInstalled.addListener(async ({ reason }) => {
  await browser.contextMenus.removeAll();
  browser.contextMenus.create({ id: "link", title: "Probe this link", contexts: ["link"] });
  browser.contextMenus.create({ id: "page", title: "Probe this page", contexts: ["page"] });
  await record({ kind: "installed", reason });
});
