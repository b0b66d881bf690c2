import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { fakeBrowser } from "./fake_browser.mjs";
import { DISCOVERY, PAGE, offers, settle } from "./helpers.mjs";

const browser = fakeBrowser();
globalThis.browser = browser;
await import("../../extension/background.js");

let tab = { id: 0, url: PAGE, status: "complete" };

const called = (name) => browser.calls.filter(([call]) => call === name).map(([, ...rest]) => rest);

async function choose() {
  browser.contextMenus.onClicked.fire({ menuItemId: "flattr_page", pageUrl: tab.url }, tab);
  await settle();
}

async function say(message) {
  const request = browser.ports.at(-1).sentOf("flattr").findLast(({ url }) => url === tab.url);
  browser.ports.at(-1).answer(request.id, message);
  await settle();
}

beforeEach(async () => {
  tab = { id: tab.id + 1, url: `${PAGE}/${tab.id}`, status: "complete" };
  browser.page.url = tab.url;
  await browser.storage.local.set({ notify: true });
  browser.calls.length = 0;
});

test("without the permission nothing is told, and nothing breaks", async () => {
  await choose();
  await say({ type: "done", thing: { title: "Tools", flattrs: 1 } });
  assert.equal(browser.badges.get(tab.id).text, "✓");
  assert.deepEqual(called("notify"), []);
});

describe("with the permission, which came while the background ran", () => {
  test("the end of a flattr from a menu is told with its words", async () => {
    browser.allowNotifications();
    browser.allowNotifications();
    await choose();
    await say({ type: "done", thing: { title: "Tools", flattrs: 2 } });
    const [[, told]] = called("notify");
    assert.deepEqual([told.title, told.message],
      ["Flattred", "Tools\n2 flattrs so far, yours included"]);
    assert.match(told.iconUrl, /icons\/mark-128\.png$/);
  });

  test("each has a name of its own", async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      await choose();
      await say({ type: "done" });
    }
    const names = called("notify").map(([name]) => name);
    assert.equal(new Set(names).size, 2);
  });

  test("a click on the button is never told so, nor what the person undid", async () => {
    browser.action.onClicked.fire(tab);
    await settle();
    await say({ type: "done" });
    await choose();
    await say({ type: "error", code: "cancelled" });
    assert.deepEqual(called("notify"), []);
  });

  test("nor what the popup shows, nor what nobody wants to be told", async () => {
    const { getContexts } = browser.runtime;
    browser.runtime.getContexts = async () => [{}];
    await choose();
    await say({ type: "error", code: "no_means" });
    browser.runtime.getContexts = getContexts;
    await browser.storage.local.set({ notify: false });
    await choose();
    await say({ type: "done" });
    assert.deepEqual(called("notify"), []);
  });

  test("pressed on, it leads to the history where all is done", async () => {
    await choose();
    await say({ type: "done" });
    const [[name]] = called("notify");
    browser.notifications.onClicked.fire(name);
    await settle();
    assert.deepEqual(called("create"), [[{ url: browser.runtime.getURL("history/history.html") }]]);
    assert.deepEqual(called("clear"), [[name]]);
  });

  test("pressed on, it leads to the tab where something needs the person", async () => {
    await choose();
    const question = { code: "confirmation_required", offers: offers(DISCOVERY, DISCOVERY) };
    await say({ type: "error", ...question });
    browser.calls.length = 0;
    const name = `${tab.id}:${browser.stored.get(`tab:${tab.id}`).gestures[0].id}`;
    browser.notifications.onClicked.fire(name);
    await settle();
    assert.deepEqual(called("update"), [[tab.id, { active: true }]]);
    assert.deepEqual(called("focus"), [[1, { focused: true }]]);
    assert.deepEqual([called("openPopup").length, called("create").length], [1, 0]);
  });
});
