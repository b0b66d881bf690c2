import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { keyOf } from "../../extension/state/tab_machine.js";
import { fakeBrowser } from "./fake_browser.mjs";
import { DISCOVERY, HINTS, PAGE, follow, settle } from "./helpers.mjs";

const browser = fakeBrowser();
globalThis.browser = browser;
await import("../../extension/background.js");

const SETTLED_MS = 300;
let tab = { id: 0, url: PAGE, status: "complete" };

const badge = () => browser.badges.get(tab.id);
const asked = () => browser.ports.flatMap((port) => port.sentOf("discover"))
  .filter(({ url }) => url === tab.url);
const count = (name) => browser.calls.filter(([call]) => call === name).length;

async function load() {
  browser.tabs.onUpdated.fire(tab.id, { status: "loading", url: tab.url });
  browser.tabs.onUpdated.fire(tab.id, { status: "complete" });
  await settle(SETTLED_MS);
}

async function answer(message = { type: "done", discovery: DISCOVERY }) {
  browser.ports.at(-1).answer(asked().at(-1).id, message);
  await settle();
}

beforeEach(async () => {
  tab = { id: tab.id + 1, url: `${PAGE}/${tab.id}`, status: "complete" };
  browser.page.url = tab.url;
  browser.permissions.granted = true;
  await browser.storage.local.set({ show_on_load: true });
  await settle();
  browser.calls.length = 0;
});

/** A request without an answer is waited for, and the tests with it. */
afterEach(async () => {
  for (const port of browser.ports) {
    for (const { id } of port.sent) port.answer(id, { type: "error", code: "cancelled" });
  }
  await settle();
});

describe("a page that has loaded", () => {
  test("is looked at with what it says of itself, and told on the button", async () => {
    await load();
    assert.deepEqual(asked().map(({ hints }) => hints), [HINTS]);
    await answer();
    assert.equal(badge().text, "");
    await follow();
    assert.equal(badge().title, "Can be flattred: A repository of alice on GitHub");
    assert.match(badge().icon[16], /mark-16\.png$/);
    assert.equal(badge().popup, "");
    assert.equal(count("openPopup"), 0);
  });

  test("is left alone unless the person wants that, and still allows it", async () => {
    await browser.storage.local.set({ show_on_load: false });
    await load();
    await browser.storage.local.set({ show_on_load: true });
    browser.permissions.granted = false;
    await load();
    assert.deepEqual(asked(), []);
    assert.deepEqual([count("connectNative"), count("executeScript")], [0, 0]);
  });

  test("is left alone where it is none of the web, or in a tab that nobody sees", async () => {
    browser.page.url = "file:///home/somebody/diary.html";
    await load();
    browser.page.url = tab.url;
    const { get } = browser.tabs;
    browser.tabs.get = async (id) => ({ ...await get(id), active: false });
    await load();
    browser.tabs.get = get;
    assert.equal(count("executeScript"), 0);
    browser.tabs.onActivated.fire({ tabId: tab.id });
    await settle(SETTLED_MS);
    assert.equal(asked().length, 1);
  });

  test("is looked at once, however often it leads on, and again only after it was left", async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      browser.tabs.onUpdated.fire(tab.id, { url: tab.url, status: "complete" });
    }
    await settle(SETTLED_MS);
    await answer();
    browser.tabs.onActivated.fire({ tabId: tab.id });
    await settle(SETTLED_MS);
    assert.equal(asked().length, 1);
    browser.tabs.onUpdated.fire(tab.id, { status: "loading" });
    await settle();
    await follow();
    assert.deepEqual([badge().text, badge().title], ["", "Flattr this page"]);
  });

  test("that was left before the answer is not what the next one is", async () => {
    await load();
    browser.page.url = `${PAGE}/elsewhere`;
    await answer();
    assert.equal(browser.stored.has(keyOf(tab.id)), false);
  });

  test("is told nothing of where there is no host, or one that is in trouble", async () => {
    await load();
    await answer({ type: "error", code: "invalid_settings" });
    assert.equal(browser.stored.has(keyOf(tab.id)), false);
    await follow();
    assert.deepEqual([count("setBadgeText"), count("setTitle"), count("openPopup")], [0, 0, 0]);
  });
});

describe("what was seen", () => {
  test("gives way to a click, and comes back when there is nothing else to say", async () => {
    await load();
    await answer();
    browser.action.onClicked.fire(tab);
    await settle();
    const [{ id }] = browser.ports.at(-1).sentOf("flattr").filter(({ url }) => url === tab.url);
    assert.equal(badge().text, "…");
    browser.ports.at(-1).answer(id, { type: "done", thing: { title: "Tools", flattrs: 1 } });
    await settle();
    assert.equal(badge().text, "✓");
    assert.equal(browser.stored.get(keyOf(tab.id)).glance.reason, "site");
  });

  test("is gone when the person turns it off", async () => {
    await load();
    await answer();
    await browser.storage.local.set({ show_on_load: false });
    await settle();
    await follow();
    assert.deepEqual([badge().text, badge().title], ["", "Flattr this page"]);
    assert.match(badge().icon[16], /open-16\.png$/);
  });

  test("is gone, and stays so, when the browser takes the permission back", async () => {
    await load();
    await answer();
    browser.permissions.onRemoved.fire({ permissions: ["notifications"] });
    await settle();
    await follow();
    assert.match(badge().title, /^Can be flattred/);
    browser.permissions.granted = false;
    browser.permissions.onRemoved.fire({ origins: ["https://*/*"] });
    await settle();
    assert.equal(browser.local.get("show_on_load"), false);
    await follow();
    assert.equal(badge().title, "Flattr this page");
  });

  test("begins with the tabs in front when the person turns it on", async () => {
    await browser.storage.local.set({ show_on_load: false });
    browser.tabs.query = async () => [{ id: tab.id }];
    await browser.storage.local.set({ show_on_load: true });
    await settle(SETTLED_MS);
    browser.tabs.query = async () => [];
    assert.equal(asked().length, 1);
  });
});
