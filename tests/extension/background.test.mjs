import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { LATER_MS } from "../../extension/presentation/toolbar.js";
import { DOUBLE_CLICK_MS, keyOf } from "../../extension/state/tab_machine.js";
import { OWN_PAGE, fakeBrowser } from "./fake_browser.mjs";
import { DISCOVERY, HINTS, PAGE, PART, follow, offers, settle } from "./helpers.mjs";

const browser = fakeBrowser();
globalThis.browser = browser;
await import("../../extension/background.js");

let tab = { id: 0, url: PAGE, status: "complete" };

/** A click of somebody who has seen the answer to the last one. */
async function clickLater() {
  await settle(DOUBLE_CLICK_MS + 20);
  browser.action.onClicked.fire(tab);
  await settle();
}

async function click() {
  browser.action.onClicked.fire(tab);
  await settle();
}

const port = () => browser.ports.at(-1);
const badge = () => browser.badges.get(tab.id);
const gestures = () => browser.stored.get(keyOf(tab.id))?.gestures ?? [];
const flattrs = () => port().sentOf("flattr").filter(({ url }) => url === tab.url);
const count = (name) => browser.calls.filter(([call]) => call === name).length;

async function say(message, id = flattrs().at(-1).id) {
  port().answer(id, message);
  await settle();
}

async function reachGrace(seconds = 60) {
  await click();
  await say({ type: "status", state: "discovered", discovery: DISCOVERY });
  await say({ type: "status", state: "undo", seconds });
}

beforeEach(() => {
  tab = { id: tab.id + 1, url: `${PAGE}/${tab.id}`, status: "complete" };
  browser.page.url = tab.url;
  browser.calls.length = 0;
});

describe("before a click", () => {
  test("no host is started and nothing is read, whatever is loaded", async () => {
    browser.tabs.onUpdated.fire(tab.id, { status: "loading", url: PAGE }, tab);
    browser.tabs.onUpdated.fire(tab.id, { status: "complete" }, tab);
    await settle();
    assert.deepEqual(browser.calls, []);
  });

  test("menu items are made, each for what its words say", async () => {
    browser.runtime.onInstalled.fire();
    await settle();
    assert.equal(browser.calls[0][0], "removeAll");
    const [page, link, history] = browser.calls.slice(1).map(([, item]) => item);
    assert.equal(page.title, "Flattr this page");
    assert.equal(page.contexts.includes("link"), false);
    assert.equal(link.title, "Flattr this link");
    assert.deepEqual(link.contexts, ["link"]);
    assert.deepEqual([history.title, history.contexts], ["History", ["action"]]);
  });

  test("the set-up page is opened at installation, and at nothing else", async () => {
    for (const reason of ["update", "browser_update", "install"]) {
      browser.runtime.onInstalled.fire({ reason });
    }
    await settle();
    const opened = browser.calls.flatMap(([name, { url } = {}]) => name === "create" && url || []);
    assert.deepEqual(opened, [browser.runtime.getURL("setup/setup.html")]);
    assert.equal(count("connectNative"), 0);
  });

  test("the button's menu opens the history, and starts no host for it", async () => {
    browser.contextMenus.onClicked.fire({ menuItemId: "history" }, tab);
    await settle();
    const url = browser.runtime.getURL("history/history.html");
    assert.deepEqual(browser.calls, [["create", { url }]]);
  });
});

describe("a click", () => {
  test("changes the badge at once, before anything is waited for", async () => {
    browser.action.onClicked.fire(tab);
    assert.deepEqual(browser.calls[0], ["setBadgeText", { tabId: tab.id, text: "…" }]);
    await settle();
  });

  test("flattrs the page with what it says of itself", async () => {
    await click();
    assert.equal(count("executeScript"), 1);
    const [request] = flattrs();
    assert.equal(request.url, tab.url);
    assert.deepEqual(request.hints, HINTS);
    await say({ type: "done", thing: { title: "Tools", flattrs: 2 } });
    assert.equal(badge().text, "✓");
    assert.equal(badge().popup, "");
    await follow();
    assert.match(badge().title, /^Flattred: Tools\n2 flattrs/);
    assert.equal(count("openPopup"), 0);
  });

  test("that is answered soon has its icon and its title set once, after the badge", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    await click();
    await say({ type: "done", thing: { title: "Tools", flattrs: 1 } });
    assert.equal(badge().text, "✓");
    assert.deepEqual([count("setIcon"), count("setTitle")], [0, 0]);
    mock.timers.tick(LATER_MS);
    await settle();
    mock.timers.reset();
    assert.deepEqual([count("setIcon"), count("setTitle")], [1, 1]);
    assert.match(badge().icon[16], /done-16\.png$/);
  });

  test("is not drawn once for each word of a host that says several at once", async () => {
    await click();
    const [{ id }] = flattrs();
    browser.calls.length = 0;
    port().answer(id, { type: "status", state: "discovered", discovery: DISCOVERY });
    port().answer(id, { type: "status", state: "sending" });
    port().answer(id, { type: "done", thing: { title: "Tools", flattrs: 2 } });
    await settle();
    assert.equal(badge().text, "✓");
    assert.ok(count("setBadgeText") < 3, count("setBadgeText"));
  });

  test("of somebody who wants to be asked first says so, and asks", async () => {
    await browser.storage.local.set({ ask_first: true });
    port().features.push("change_settings");
    await click();
    assert.equal(flattrs()[0].ask, true);
    const discovery = { ...DISCOVERY, caution_reason: "ask_first" };
    await say({ type: "error", code: "confirmation_required", discovery, offers: offers(discovery) });
    await follow();
    assert.match(badge().title, /^Flattr this\?\n/);
    assert.equal(count("openPopup"), 1);
    port().features.pop();
    tab = { ...tab, id: tab.id + 1000, url: `${tab.url}/more` };
    await click();
    assert.deepEqual([flattrs(), gestures()[0].outcome.code], [[], "host_too_old"]);
    await browser.storage.local.set({ ask_first: false });
  });

  test("starts no host for a page that is none of the web", async () => {
    tab.url = "file:///home/somebody/diary.html";
    await click();
    assert.equal(count("connectNative"), 0);
    assert.equal(count("executeScript"), 0);
    assert.equal(gestures()[0].outcome.code, "not_http");
    assert.equal(count("openPopup"), 1);
  });

  test("is not about another page that the tab shows by the time it is read", async () => {
    browser.page.url = `${PAGE}/elsewhere`;
    await click();
    const [request] = flattrs();
    assert.equal(request.url, tab.url);
    assert.equal("hints" in request, false);
    await say({ type: "done" });
  });

  test("that is doubled flattrs once", async () => {
    browser.action.onClicked.fire(tab);
    browser.action.onClicked.fire(tab);
    await settle();
    assert.equal(flattrs().length, 1);
    const [{ id }] = flattrs();
    assert.equal(port().sentOf("cancel").some(({ request }) => request === id), false);
    await say({ type: "done" });
  });
});

describe("the grace period", () => {
  test("counts down, opens the popup, and leaves the button free for Undo", async () => {
    await reachGrace();
    assert.equal(badge().text, "60");
    assert.equal(count("openPopup"), 1);
    assert.equal(badge().popup, "");
    await say({ type: "error", code: "cancelled" });
  });

  test("ends with a second click, which is Undo", async () => {
    await reachGrace();
    await clickLater();
    assert.equal(flattrs().length, 1);
    assert.equal(port().sentOf("cancel").at(-1).request, flattrs()[0].id);
    await say({ type: "error", code: "cancelled" });
    assert.equal(badge().text, "–");
    await follow();
    assert.match(badge().title, /^Undone/);
  });

  test("ends with Undo in the popup", async () => {
    await reachGrace();
    const [{ id }] = flattrs();
    browser.runtime.onMessage.fire({ act: "undo", tab: tab.id, gestures: [id] }, OWN_PAGE);
    await settle();
    assert.equal(port().sentOf("cancel").at(-1).request, id);
    await say({ type: "error", code: "cancelled" });
  });

  test("goes on over a navigation, and is shown again", async () => {
    await reachGrace();
    browser.badges.delete(tab.id);
    browser.tabs.onUpdated.fire(tab.id, { status: "loading" }, tab);
    await settle();
    assert.equal(badge().text, "60");
    await say({ type: "done" });
    assert.equal(badge().text, "✓");
  });

  test("leaves nothing behind of a tab that was closed", async () => {
    await reachGrace();
    browser.tabs.onRemoved.fire(tab.id, {});
    await settle();
    await say({ type: "done" });
    assert.equal(browser.stored.has(keyOf(tab.id)), false);
  });
});

describe("a link", () => {
  test("is flattred itself, and no page is read", async () => {
    const link = `https://github.com/alice/${tab.id}`;
    const info = { menuItemId: "flattr_link", linkUrl: link, pageUrl: tab.url };
    browser.contextMenus.onClicked.fire(info, tab);
    await settle();
    assert.equal(count("executeScript"), 0);
    const request = port().sentOf("flattr").at(-1);
    assert.equal(request.url, link);
    assert.deepEqual([request.link, "ask" in request], [true, false]);
    assert.equal("hints" in request, false);
    await say({ type: "status", state: "reading" }, request.id);
    assert.equal(badge().text, "…");
    await follow();
    assert.match(badge().title, /^Reading the page of the link…\n/);
    await say({ type: "done" }, request.id);
  });

  test("to a part of something is flattred as a link, whatever was said yes to", async () => {
    const link = `https://github.com/alice/tools/issues/${tab.id}`;
    const info = { menuItemId: "flattr_link", linkUrl: link, pageUrl: tab.url };
    browser.contextMenus.onClicked.fire(info, tab);
    await settle();
    const refusal = { code: "not_flattrable", discovery: PART, offers: offers(DISCOVERY) };
    await say({ type: "error", ...refusal }, port().sentOf("flattr").at(-1).id);
    assert.deepEqual([badge().text, count("openPopup")], ["?", 1]);
    const [{ id }] = gestures();
    const yes = { act: "confirm", tab: tab.id, gestures: [id], offer: "yes to 0" };
    browser.runtime.onMessage.fire(yes, OWN_PAGE);
    await settle();
    const request = port().sentOf("flattr").at(-1);
    assert.deepEqual([request.url, request.link, request.confirm], [link, true, "yes to 0"]);
    await say({ type: "done" }, request.id);
  });

  test("that is under way already is not flattred twice", async () => {
    const info = { menuItemId: "flattr_page", pageUrl: tab.url };
    browser.contextMenus.onClicked.fire(info, tab);
    await settle();
    browser.contextMenus.onClicked.fire(info, tab);
    await settle();
    assert.equal(flattrs().length, 1);
    await say({ type: "done" });
  });
});

describe("a question", () => {
  const discovery = { ...DISCOVERY, caution: "Look twice." };
  const other = { ...discovery, target: "https://github.com/bob/tools", owner: "bob" };

  async function ask() {
    await click();
    const question = { code: "confirmation_required", discovery, offers: offers(discovery, other) };
    await say({ type: "error", ...question });
    return gestures()[0].id;
  }

  function answer(id, more = {}) {
    const message = { act: "confirm", tab: tab.id, gestures: [id], offer: "yes to 1", ...more };
    browser.runtime.onMessage.fire(message, OWN_PAGE);
  }

  test("opens the popup, now and with each click until it is answered", async () => {
    await ask();
    assert.equal(count("openPopup"), 1);
    assert.equal(badge().text, "?");
    assert.equal(badge().popup, `popup/popup.html?tab=${tab.id}`);
    await clickLater();
    assert.equal(count("openPopup"), 2);
    assert.equal(flattrs().length, 1);
  });

  test("answered with yes sends the request again, with what it is to", async () => {
    const id = await ask();
    answer(id);
    await settle();
    const [first, second] = flattrs();
    assert.equal(second.confirm, "yes to 1");
    assert.equal("link" in second, false);
    assert.deepEqual(second.hints, first.hints);
    assert.notEqual(second.id, first.id);
    await say({ type: "done" });
    assert.equal(badge().text, "✓");
  });

  test("answered with yes twice is flattred once", async () => {
    const id = await ask();
    answer(id);
    answer(id, { offer: "yes to 0" });
    await settle();
    assert.equal(flattrs().filter(({ confirm }) => confirm).length, 1);
    await say({ type: "done" });
  });

  test("is answered with nothing but what was offered", async () => {
    const id = await ask();
    for (const offer of ["yes to 2", "", undefined, "https://github.com/bob/tools"]) {
      answer(id, { offer });
    }
    await settle();
    assert.equal(flattrs().length, 1);
    assert.equal(gestures()[0].outcome.code, "confirmation_required");
  });

  test("answered with no is gone", async () => {
    const id = await ask();
    browser.runtime.onMessage.fire({ act: "dismiss", tab: tab.id, gestures: [id] }, OWN_PAGE);
    await settle();
    assert.deepEqual(gestures(), []);
    assert.equal(badge().text, "");
  });

  test("is answered by nobody but the popup", async () => {
    const id = await ask();
    const yes = { act: "confirm", tab: tab.id, gestures: [id], offer: "yes to 0" };
    for (const sender of [{}, { ...OWN_PAGE, url: PAGE }, { ...OWN_PAGE, id: "other" }]) {
      browser.runtime.onMessage.fire(yes, sender);
    }
    for (const message of [null, "confirm", {}, { ...yes, tab: "1" }, { ...yes, gestures: [7] },
      { ...yes, offer: 0 }]) {
      browser.runtime.onMessage.fire(message, OWN_PAGE);
    }
    await settle();
    assert.equal(flattrs().length, 1);
  });
});

describe("trouble", () => {
  test("that was read lets the next click flattr again", async () => {
    await click();
    await say({ type: "error", code: "no_means" });
    assert.equal(badge().text, "!");
    const [{ id }] = gestures();
    browser.runtime.onMessage.fire({ act: "read", tab: tab.id, gestures: [id] }, OWN_PAGE);
    await settle();
    assert.equal(badge().popup, "");
    await clickLater();
    assert.equal(flattrs().length, 2);
    await say({ type: "done" });
  });

  test("of a host that crashes is told, and the next click starts another", async () => {
    await click();
    const lost = port();
    lost.onDisconnect.fire(lost);
    await settle();
    assert.deepEqual(port().sent.map(({ type }) => type), ["hello"]); // too old to have an outbox
    port().onDisconnect.fire(port());
    assert.equal(gestures()[0].outcome.code, "crashed");
    await follow();
    assert.match(badge().title, /before you try again\.$/);
    const [{ id }] = gestures();
    browser.runtime.onMessage.fire({ act: "read", tab: tab.id, gestures: [id] }, OWN_PAGE);
    await settle();
    const before = browser.ports.length;
    await clickLater();
    assert.equal(browser.ports.length, before + 1);
    await say({ type: "done" });
  });
});
