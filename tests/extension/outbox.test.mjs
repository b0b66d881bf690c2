import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { keyOf } from "../../extension/state/tab_machine.js";
import { OWN_PAGE, PopupPort, fakeBrowser } from "./fake_browser.mjs";
import { DISCOVERY, PAGE, entryOf, follow, inGrace, settle, tabWith } from "./helpers.mjs";

const OUTBOX = ["outbox", "outbox_send", "outbox_told", "outbox_remove"];

const browser = fakeBrowser();
browser.features = OUTBOX;
globalThis.browser = browser;
await import("../../extension/background.js");

let tab = { id: 0, url: PAGE, status: "complete" };

const port = () => browser.ports.at(-1);
const badge = () => browser.badges.get(tab.id);
const gestures = () => browser.stored.get(keyOf(tab.id))?.gestures ?? [];
const outcomes = () => gestures().map(({ outcome }) => outcome?.code);
const lastOf = (type) => port().sentOf(type).at(-1);
const sentTypes = () => port().sent.map(({ type }) => type);

async function answer(request, message) {
  port().answer(request.id, message);
  await settle();
}

async function click() {
  browser.action.onClicked.fire(tab);
  await settle();
}

async function press(act, id, more = {}) {
  browser.runtime.onMessage.fire({ act, tab: tab.id, gestures: id ? [id] : [], ...more }, OWN_PAGE);
  await settle();
}

async function reachGrace() {
  await click();
  const request = lastOf("flattr");
  await answer(request, { type: "status", state: "discovered", discovery: DISCOVERY });
  await answer(request, { type: "status", state: "undo", seconds: 60 });
  return request;
}

/** A flattr that the host keeps; what else waits is sent and told of nothing. */
async function keep(code = "server_unreachable") {
  await click();
  const request = lastOf("flattr");
  const entry = entryOf({ gesture: request.id, code });
  await answer(request, { type: "error", code, message: "Host.", kept: entry });
  await sendNothing();
  return entry;
}

async function sendNothing(more = {}) {
  await answer(lastOf("outbox_send"), { type: "done", sent: 0, waiting: 0, news: 0, ...more });
}

async function tellEntries(...entries) {
  const request = lastOf("outbox");
  await answer(request, { type: "status", state: "outbox", entries });
  await answer(request, { type: "done", count: entries.length, more: false, waiting: 0, news: 0 });
}

async function loseHost() {
  port().onDisconnect.fire(port());
  await settle();
}

beforeEach(async () => {
  if (browser.ports.length > 0) await loseHost(); // each test has a host of its own
  tab = { id: tab.id + 1, url: `${PAGE}/${tab.id}`, status: "complete" };
  browser.page.url = tab.url;
  browser.calls.length = 0;
});

describe("after a gesture", () => {
  test("what waits is sent, once and with the same host", async () => {
    await click();
    assert.equal(port().sentOf("outbox_send").length, 0);
    const request = lastOf("flattr");
    assert.equal(request.gesture, request.id);
    await answer(request, { type: "done" });
    assert.deepEqual(sentTypes(), ["hello", "flattr", "outbox_send"]);
    await sendNothing();
    assert.deepEqual(sentTypes(), ["hello", "flattr", "outbox_send"]);
  });

  test("no host is started for it", async () => {
    await click();
    await loseHost();
    await tellEntries();
    await sendNothing();
    const before = browser.ports.length;
    await loseHost();
    assert.equal(browser.ports.length, before);
  });

  test("a host that is too old for it is asked nothing", async () => {
    browser.features = [];
    await click();
    await answer(lastOf("flattr"), { type: "done" });
    assert.deepEqual(sentTypes(), ["hello", "flattr"]);
    browser.features = OUTBOX;
  });

  test("nobody is told of what is none of theirs", async () => {
    await click();
    await answer(lastOf("flattr"), { type: "done" });
    await answer(lastOf("outbox_send"), { type: "error", code: "outbox_unavailable" });
    assert.deepEqual([outcomes(), badge().text], [["flattred"], "✓"]);
  });
});

describe("a flattr that is kept", () => {
  test("has a badge, a title and a popup of its own, until something is done about it", async () => {
    const { gesture } = await keep();
    assert.equal(badge().text, "↻");
    await follow();
    assert.match(badge().title, /^Kept for later\n.*Nothing was paid yet/);
    await press("read", gesture);
    assert.equal(badge().popup, `popup/popup.html?tab=${tab.id}`);
  });

  test("is sent by Retry, and no second time", async () => {
    const entry = await keep();
    await press("retry", entry.gesture);
    await press("retry", entry.gesture);
    const sent = port().sentOf("outbox_send").filter(({ gesture }) => gesture === entry.gesture);
    assert.equal(sent.length, 1);
    assert.equal(badge().text, "…");
    await answer(sent[0], { type: "status", state: "outbox", entries: [{ ...entry, state: "settled" }] });
    await answer(sent[0], { type: "done", sent: 1, waiting: 0, news: 0 });
    assert.deepEqual([outcomes(), badge().text], [["flattred"], "✓"]);
    assert.equal(port().sentOf("flattr").length, 1);
  });

  test("stays kept where Retry changes nothing", async () => {
    const entry = await keep();
    await press("retry", entry.gesture);
    await answer(lastOf("outbox_send"), { type: "done", sent: 0, waiting: 1, news: 0 });
    await tellEntries({ ...entry, code: "server_error" });
    assert.equal(gestures()[0].outcome.reason, "server_error");
    assert.equal(badge().text, "↻");
  });

  test("stays kept where the host is gone, and says so", async () => {
    const { gesture } = await keep();
    await press("retry", gesture);
    await loseHost();
    await loseHost();
    assert.deepEqual([outcomes(), gestures()[0].outcome.reason], [["kept"], "crashed"]);
  });

  test("is what waits for the same already, where there is such", async () => {
    await click();
    const request = lastOf("flattr");
    const first = entryOf({ gesture: `first-${tab.id}` });
    await answer(request, { type: "error", code: "server_unreachable", kept: first });
    await sendNothing();
    await press("retry", request.id);
    assert.equal(lastOf("outbox_send").gesture, first.gesture);
    await answer(lastOf("outbox_send"),
      { type: "status", state: "outbox", entries: [{ ...first, state: "settled" }] });
    await answer(lastOf("outbox_send"), { type: "done", sent: 1, waiting: 0, news: 0 });
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("is cancelled by Cancel", async () => {
    const { gesture } = await keep();
    await press("forget", gesture);
    assert.equal(lastOf("outbox_remove").gesture, gesture);
    await answer(lastOf("outbox_remove"), { type: "done", removed: true });
    assert.deepEqual([outcomes(), badge().text], [["cancelled"], "–"]);
  });

  test("is not called unpaid by Cancel where an earlier try may have arrived", async () => {
    const entry = await keep("answer_lost");
    await press("forget", entry.gesture);
    await answer(lastOf("outbox_remove"), { type: "done", removed: true });
    assert.deepEqual(outcomes(), ["cancelled_unsure"]);
  });

  test("is not called cancelled when it is too late for that", async () => {
    const entry = await keep();
    await press("forget", entry.gesture);
    await answer(lastOf("outbox_remove"), { type: "done", removed: false });
    await tellEntries({ ...entry, state: "settled" });
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("ends when another gesture's host sends it", async () => {
    const entry = await keep();
    browser.contextMenus.onClicked.fire({ menuItemId: "flattr_link", linkUrl: `${PAGE}/l` }, tab);
    await settle();
    await answer(lastOf("flattr"), { type: "done" });
    await answer(lastOf("outbox_send"),
      { type: "status", state: "outbox", entries: [{ ...entry, state: "settled" }] });
    assert.deepEqual(outcomes(), ["flattred", "flattred"]);
    await sendNothing();
  });
});

describe("news of earlier flattrs", () => {
  const interrupted = () =>
    entryOf({ gesture: `old-${tab.id}`, state: "interrupted", is_news: true, url: `${PAGE}/old` });

  async function flattrWithNews(...entries) {
    await click();
    await answer(lastOf("flattr"), { type: "done", thing: { title: "Now" } });
    await sendNothing({ news: entries.length });
    await tellEntries(...entries);
  }

  test("are listed, and leave badge and first line to the present gesture", async () => {
    await flattrWithNews(interrupted(), entryOf({ gesture: `still-${tab.id}` }));
    assert.deepEqual(outcomes(), ["interrupted", "flattred"]);
    assert.equal(badge().text, "✓");
    await follow();
    assert.match(badge().title, /^Flattred: Now\n[^]*news of earlier/);
    assert.match(badge().popup, /popup\.html/);
  });

  test("are shown on the next page too, until they are read", async () => {
    const entry = interrupted();
    await flattrWithNews(entry);
    browser.tabs.onUpdated.fire(tab.id, { status: "loading", url: "https://other.example/" }, tab);
    await settle();
    assert.deepEqual(outcomes(), ["interrupted"]);
    await follow();
    assert.match(badge().title, /^Not flattred\nThe browser was closed/);
    await press("read", entry.gesture);
    assert.equal(badge().popup, "");
  });

  test("are told where they were heard, whatever was asked", async () => {
    const { id } = await reachGrace();
    await loseHost();
    await tellEntries(interrupted(), entryOf({ gesture: id, state: "settled", is_news: true }));
    assert.deepEqual(outcomes(), ["interrupted", "flattred"]);
    await sendNothing();
  });

  test("are none of what still waits", async () => {
    await flattrWithNews(entryOf({ gesture: `wait-${tab.id}`, code: "no_means", is_news: true }));
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("go with OK, in the outbox too", async () => {
    const entry = interrupted();
    await flattrWithNews(entry);
    await press("forget", entry.gesture);
    await answer(lastOf("outbox_remove"), { type: "done", removed: true });
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("can be flattred after all: as a link, by a new gesture, and the old one is forgotten", async () => {
    const entry = interrupted();
    await flattrWithNews(entry);
    await press("again", entry.gesture);
    await press("again", entry.gesture);
    const requests = port().sentOf("flattr").filter(({ url }) => url === entry.url);
    assert.deepEqual(requests.map(({ link, gesture }) => [link, gesture === entry.gesture]),
      [[true, false]]);
    assert.equal(lastOf("outbox_remove").gesture, entry.gesture);
    await answer(lastOf("outbox_remove"), { type: "done", removed: true });
    await answer(requests[0], { type: "done" });
    await sendNothing();
  });
});

describe("a queue that stopped for the person", () => {
  async function flattrWithStop(code) {
    await click();
    await answer(lastOf("flattr"), { type: "done" });
    await sendNothing({ code, message: "Host.", waiting: 3 });
    const told = outcomes().filter((one) => one === "outbox_stopped").length;
    tab = { ...tab, id: tab.id + 1 };
    return told;
  }

  test("says why once, and again when the reason is new", async () => {
    const codes = ["no_means", "no_means", "unauthorized", "server_unreachable", undefined,
      "unauthorized"];
    const told = [];
    for (const code of codes) told.push(await flattrWithStop(code));
    assert.deepEqual(told, [1, 0, 1, 0, 0, 1]);
    await flattrWithStop(undefined);
  });

  test("says nothing that the present flattr has said", async () => {
    await click();
    const request = lastOf("flattr");
    const kept = entryOf({ gesture: request.id, code: "no_means" });
    await answer(request, { type: "error", code: "no_means", kept });
    await sendNothing({ code: "no_means" });
    assert.deepEqual(outcomes(), ["kept"]);
  });
});

describe("a popup that closes", () => {
  let popup;
  const open = (sender) => {
    popup = new PopupPort(sender);
    browser.runtime.onConnect.fire(popup);
    return popup;
  };

  async function close(one = popup) {
    one.close();
    await settle();
  }

  const cancels = () => port().sentOf("cancel");

  test("undoes what it showed, and says so until it is read", async () => {
    const request = await reachGrace();
    open().show(request.id);
    await close();
    assert.equal(cancels().at(-1).request, request.id);
    await answer(request, { type: "error", code: "cancelled" });
    assert.equal(badge().text, "×");
    assert.equal(browser.calls.filter(([name]) => name === "openPopup").length, 1); // not again
    await follow();
    assert.match(badge().title, /^Not flattred\nYou closed this before it was sent/);
    assert.match(badge().popup, /popup\.html/);
    browser.tabs.onUpdated.fire(tab.id, { status: "loading", url: "https://other.example/" }, tab);
    await settle();
    assert.deepEqual(outcomes(), ["popup_closed"]);
    await press("read", request.id);
    browser.tabs.onUpdated.fire(tab.id, { status: "loading", url: PAGE }, tab);
    await settle();
    assert.deepEqual(outcomes(), []);
  });

  test("leaves a button to flattr it after all, with what the page said of itself", async () => {
    const request = await reachGrace();
    open().show(request.id);
    await close();
    await answer(request, { type: "error", code: "cancelled" });
    await press("again", request.id);
    const anew = lastOf("flattr");
    assert.deepEqual([anew.url, anew.hints], [request.url, request.hints]);
    assert.notEqual(anew.gesture, request.gesture);
    await answer(anew, { type: "done" });
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("after Undo is Undo still", async () => {
    const request = await reachGrace();
    open().show(request.id);
    await press("undo", request.id);
    await close();
    await answer(request, { type: "error", code: "cancelled" });
    assert.deepEqual([outcomes(), cancels().length], [["cancelled"], 1]);
  });

  test("too late says what became of it", async () => {
    const request = await reachGrace();
    open().show(request.id);
    await close();
    await answer(cancels().at(-1), { type: "done", cancelled: false });
    await answer(request, { type: "done" });
    assert.deepEqual(outcomes(), ["flattred"]);
  });

  test("without having been shown, or with nothing to undo, undoes nothing", async () => {
    const request = await reachGrace();
    open();
    await close();
    open().show(request.id);
    popup.show();
    await close();
    assert.equal(cancels().length, 0);
    await answer(request, { type: "done" });
  });

  test("undoes nothing that another popup still shows", async () => {
    const request = await reachGrace();
    const first = open();
    first.show(request.id);
    open().show(request.id);
    await close(first);
    assert.equal(cancels().length, 0);
    await close();
    assert.equal(cancels().length, 1);
    await answer(request, { type: "error", code: "cancelled" });
  });

  test("is heard from nobody but the popup", async () => {
    const request = await reachGrace();
    const strangers = [{}, { ...OWN_PAGE, id: "other" }, { ...OWN_PAGE, url: PAGE },
      { ...OWN_PAGE, tab: { id: 1 } }, { ...OWN_PAGE, url: `${OWN_PAGE.url.split("popup")[0]}x` }];
    for (const sender of strangers) {
      open(sender).show(request.id);
      await close();
      assert.equal(popup.isRefused, true);
    }
    assert.equal(cancels().length, 0);
    await answer(request, { type: "done" });
  });
});

describe("a host that is lost with a flattr under way", () => {
  const ends = { grace: "interrupted", settled: "flattred", pending: "kept", sending: "kept", interrupted: "interrupted" };

  for (const [state, code] of Object.entries(ends)) {
    test(`is followed by one that has it as ${state}`, async () => {
      const { id } = await reachGrace();
      const before = browser.ports.length;
      await loseHost();
      assert.equal(browser.ports.length, before + 1);
      assert.equal(port().sentOf("flattr").length, 0);
      await tellEntries(entryOf({ gesture: id, state }), entryOf({ gesture: "another" }));
      assert.deepEqual(outcomes(), [code]);
      await sendNothing();
    });
  }

  test("is followed by one that knows nothing of it: then nothing was flattred", async () => {
    await reachGrace();
    await loseHost();
    await tellEntries();
    assert.deepEqual(outcomes(), ["never_sent"]);
    await sendNothing();
  });

  test("and is the last one, leaves the end unknown", async () => {
    await reachGrace();
    await loseHost();
    const before = browser.ports.length;
    await loseHost();
    assert.deepEqual(outcomes(), ["crashed"]);
    assert.equal(browser.ports.length, before);
  });
});

describe("a background that was stopped with a flattr under way", () => {
  const key = () => keyOf(tab.id);
  const orphan = () => inGrace({ run: "earlier", id: `orphan-${tab.id}`, started: Date.now() });

  test("starts no host to find out how it ended, until the popup shows it", async () => {
    browser.stored.set(key(), tabWith(orphan()));
    const before = browser.ports.length;
    await press("dismiss", "another");
    assert.deepEqual([outcomes(), browser.ports.length], [["background_stopped"], before]);
    await press("read", orphan().id);
    assert.equal(browser.ports.length, before + 1);
    await tellEntries(entryOf({ gesture: orphan().id, state: "interrupted" }));
    assert.deepEqual(outcomes(), ["interrupted"]);
    assert.equal(gestures()[0].unread, true);
  });

  test("is not called unsent where the host may have forgotten it", async () => {
    browser.stored.set(key(), tabWith({ ...orphan(), started: Date.now() - 86_400_000 }));
    await press("read", orphan().id);
    await tellEntries();
    assert.deepEqual(outcomes(), ["forgotten"]);
  });
});

describe("the start of the browser", () => {
  test("starts no host, unless the person wants that", async () => {
    browser.runtime.onStartup.fire();
    await settle();
    assert.equal(browser.calls.some(([name]) => name === "connectNative"), false);
    browser.local.set("send_at_start", true);
    browser.runtime.onStartup.fire();
    await settle();
    assert.deepEqual(sentTypes(), ["hello", "outbox_send"]);
    await sendNothing();
    browser.local.delete("send_at_start");
  });
});
