import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as gestures from "../../extension/state/gesture.js";
import * as machine from "../../extension/state/tab_machine.js";
import {
  DISCOVERY, NOW, PAGE, PART, asked, asking, failed, flattred, inGrace, sending, tabWith,
} from "./helpers.mjs";

const LATER = NOW + machine.DOUBLE_CLICK_MS;
const click = (state, now = LATER, url = PAGE) => machine.decideClick(state, url, now);

describe("a gesture", () => {
  test("goes from asking over grace and sending to its end", () => {
    assert.equal(asking().phase, "asking");
    assert.equal(inGrace().phase, "grace");
    assert.equal(inGrace().deadline, NOW + 3000);
    assert.equal(sending().phase, "sending");
    assert.deepEqual(flattred({}, 7).outcome, { code: "flattred", title: "Tools", flattrs: 7 });
  });

  test("skips the grace period where there is none", () => {
    assert.equal(gestures.withStatus(asking(), { state: "sending" }, NOW).phase, "sending");
  });

  test("says that the page of a link is read until it is known what would be flattred", () => {
    const reading = gestures.withStatus(asking(), { state: "reading" }, NOW);
    assert.deepEqual([reading.phase, reading.reading], ["asking", true]);
    assert.equal(gestures.canUndo(reading), true);
    const next = gestures.withStatus(reading, { state: "discovered", discovery: DISCOVERY }, NOW);
    assert.equal(next.reading, false);
  });

  test("is not changed by a status of a later version", () => {
    const gesture = inGrace();
    assert.equal(gestures.withStatus(gesture, { state: "queued" }, NOW), gesture);
  });

  test("is flattred only by the host's done", () => {
    for (const gesture of [asking(), inGrace(), sending(), failed("flattr_once")]) {
      assert.notEqual(gesture.outcome?.code, "flattred");
    }
  });

  test("leaves words to read unless it was flattred or undone", () => {
    assert.equal(flattred().unread, false);
    assert.equal(failed("cancelled").unread, false);
    assert.equal(failed("no_means").unread, true);
  });

  test("keeps the discovery of an error", () => {
    const discovery = { flattrable: false, reason: "none" };
    assert.equal(failed("not_flattrable", {}, { discovery }).discovery, discovery);
  });
});

describe("a click on the button", () => {
  test("flattrs where nothing is going on", () => {
    assert.deepEqual(click(null), { act: "flattr" });
  });

  test("undoes what can still be undone, the newest first", () => {
    assert.deepEqual(click(tabWith(inGrace())), { act: "undo", id: "a" });
    assert.deepEqual(click(tabWith(asking())), { act: "undo", id: "a" });
    const two = tabWith(inGrace({ id: "a" }), inGrace({ id: "b", url: "https://b.example/" }));
    assert.deepEqual(click(two), { act: "undo", id: "b" });
    const sent = tabWith(inGrace({ id: "a" }), sending({ id: "b", url: "https://b.example/" }));
    assert.deepEqual(click(sent), { act: "undo", id: "a" });
  });

  test("is ignored as the second half of a double click", () => {
    assert.deepEqual(click(tabWith(inGrace()), NOW + 80), { act: "ignore" });
  });

  test("never flattrs what is being sent", () => {
    assert.deepEqual(click(tabWith(sending())), { act: "ignore" });
  });

  test("flattrs another page while a flattr of the one before is being sent", () => {
    const state = { ...tabWith(sending()), page: null };
    assert.deepEqual(click(state, LATER, "https://example.org/next"), { act: "flattr" });
  });

  test("shows words that nobody has read, and flattrs once they are", () => {
    const state = tabWith(failed("not_installed"));
    assert.deepEqual(click(state), { act: "show" });
    assert.deepEqual(click(machine.markRead(state, ["a"])), { act: "flattr" });
  });

  test("shows a question until it is answered", () => {
    for (const question of [asked(DISCOVERY, DISCOVERY), asked(PART, DISCOVERY)]) {
      const state = machine.markRead(tabWith(question), ["a"]);
      assert.deepEqual(click(state), { act: "show" });
      const answered = machine.mapGesture(state, "a", () => null);
      assert.deepEqual(click(answered), { act: "flattr" });
    }
  });

  test("does not ask where there is nothing to say yes to", () => {
    for (const code of ["confirmation_required", "not_flattrable"]) {
      assert.equal(gestures.isQuestion(failed(code)), false);
      assert.deepEqual(click(machine.markRead(tabWith(failed(code)), ["a"])), { act: "flattr" });
    }
  });

  test("flattrs again after a success or Undo; whether that counts is the host's to say", () => {
    assert.deepEqual(click(tabWith(flattred())), { act: "flattr" });
    assert.deepEqual(click(tabWith(failed("cancelled"))), { act: "flattr" });
  });
});

describe("the popup", () => {
  test("is never set on the button while the click is Undo", () => {
    assert.equal(machine.wantsPopup(tabWith(inGrace())), false);
    assert.equal(machine.wantsPopup(tabWith(failed("no_means"), inGrace({ id: "b" }))), false);
  });

  test("is set on the button for a question and for unread words only", () => {
    assert.equal(machine.wantsPopup(null), false);
    assert.equal(machine.wantsPopup(tabWith(flattred())), false);
    assert.equal(machine.wantsPopup(tabWith(failed("no_means"))), true);
    assert.equal(machine.wantsPopup(machine.markRead(tabWith(asked(PART, DISCOVERY)), ["a"])), true);
  });

  test("does not mark as read what has not ended", () => {
    const state = machine.markRead(tabWith(inGrace()), ["a"]);
    assert.deepEqual(state, tabWith(inGrace()));
  });
});

describe("a new gesture", () => {
  const tab = { url: PAGE, status: "complete" };

  test("supersedes what ended and was read, and keeps what is under way or unread", () => {
    const before = tabWith(
      flattred({ id: "old" }),
      inGrace({ id: "grace", url: "https://b.example/" }),
      failed("no_means", { id: "unread", url: "https://c.example/" }),
    );
    const after = machine.begin(before, asking({ id: "new" }), tab);
    assert.deepEqual(after.gestures.map(({ id }) => id), ["grace", "unread", "new"]);
  });

  test("replaces what was said of the same address", () => {
    const after = machine.begin(tabWith(failed("no_means")), asking({ id: "new" }), tab);
    assert.deepEqual(after.gestures.map(({ id }) => id), ["new"]);
  });

  test("is repeated where the same address is under way", () => {
    assert.equal(machine.isRepeated(tabWith(inGrace()), PAGE), true);
    assert.equal(machine.isRepeated(tabWith(flattred()), PAGE), false);
    assert.equal(machine.isRepeated(tabWith(inGrace()), "https://b.example/"), false);
  });
});

describe("what badge and title speak of", () => {
  const idOf = (...gestures) => machine.foremost(tabWith(...gestures))?.id;

  test("is what can be undone, before what is sent, what needs the person, and the newest", () => {
    const grace = inGrace({ id: "grace" });
    const sent = sending({ id: "sent" });
    const question = { ...asked(DISCOVERY, DISCOVERY), id: "question", unread: false };
    const done = flattred({ id: "done" });
    assert.equal(idOf(grace, sent, question, done), "grace");
    assert.equal(idOf(sent, question, done), "sent");
    assert.equal(idOf(question, done), "question");
    assert.equal(idOf(flattred({ id: "older" }), done), "done");
    assert.equal(idOf(), undefined);
  });
});

describe("a background that was stopped with a flattr under way", () => {
  test("says at its next start that the end is unknown", () => {
    const [gesture] = machine.endOrphans(tabWith(sending()), "next").gestures;
    assert.equal(gesture.outcome.code, "background_stopped");
    assert.deepEqual(click(tabWith(gesture)), { act: "show" });
  });

  test("leaves alone what ended before, and what is its own", () => {
    assert.deepEqual(machine.endOrphans(tabWith(flattred()), "next"), tabWith(flattred()));
    assert.deepEqual(machine.endOrphans(tabWith(inGrace()), "run"), tabWith(inGrace()));
  });
});

describe("navigation", () => {
  const load = (state) => ["loading", "complete"].reduce(
    (now, status) => now && machine.navigated(now, { status }), state);

  test("takes away what ended", () => {
    assert.equal(load(tabWith(flattred())), null);
    assert.equal(load(tabWith(failed("no_means"))), null);
  });

  test("keeps what is under way", () => {
    const after = load(tabWith(inGrace()));
    assert.deepEqual(after.gestures, [inGrace()]);
    assert.equal(after.page, null);
  });

  test("is not the end of the load in which the gesture was made", () => {
    const state = { ...tabWith(flattred()), loading: true };
    const after = machine.navigated(state, { status: "complete" });
    assert.deepEqual(after, tabWith(flattred()));
  });

  test("is one where the page changes its own address, as each browser tells it", () => {
    const chromium = { status: "loading", url: `${PAGE}/next` };
    assert.equal(machine.navigated(tabWith(flattred()), chromium), null);
    assert.equal(machine.navigated(tabWith(flattred()), { status: "complete" }), null);
  });

  test("to a fragment is none, where the browser says that it is one", () => {
    const change = { status: "loading", url: `${PAGE}#notes` };
    const state = machine.navigated(tabWith(flattred()), change);
    assert.deepEqual(machine.navigated(state, { status: "complete" }), tabWith(flattred()));
  });

  test("is not any other change of a tab", () => {
    const state = tabWith(flattred());
    assert.equal(machine.navigated(state, {}), state);
  });
});
