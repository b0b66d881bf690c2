import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { badgeOf } from "../../extension/presentation/badge.js";
import { cardOf } from "../../extension/presentation/card.js";
import { MAY_HAVE_ARRIVED, NEEDS_PERSON } from "../../extension/state/entry_outcome.js";
import { newsOf, stoppedNotice } from "../../extension/state/gesture.js";
import { endedIn, waitingOf } from "../../extension/state/waiting_list.js";
import { NOW, WORDS, entryOf, failed, flattred, kept, tabWith, textOf } from "./helpers.mjs";

const card = (gesture) => cardOf(gesture, NOW, WORDS);
const acts = (gesture) => card(gesture).buttons.map(({ act }) => act);
const PASSING = ["server_unreachable", "rate_limit_exceeded", "ledger_unavailable"];
/** What `entries.py` of the host has under that name. */
const codesOf = (name) => {
  const [source] = textOf("host/flattr_host/outbox/entries.py").split(`\n${name} = `)[1].split("\n\n");
  return [...source.matchAll(/"(\w+)"/g)].map(([, code]) => code);
};
const UNSURE = ["answer_lost", "bad_answer", "server_error", "internal_error"];

describe("what is kept", () => {
  test("is told from all else by glyph, heading and colour", () => {
    const looks = [kept(), flattred(), failed("no_means"), failed("cancelled"),
      failed("popup_closed")].map((gesture) => badgeOf(tabWith(gesture), NOW, WORDS));
    for (const field of ["text", "colour", "title"]) {
      assert.equal(new Set(looks.map((look) => look[field])).size, looks.length, field);
    }
  });

  test("says why, that nothing was paid, and when it is tried", () => {
    for (const code of PASSING) {
      const { heading, sentence } = card(kept(code));
      assert.equal(heading, "Kept for later");
      assert.match(sentence, /Nothing was paid yet\. .*next flattr, in 5 minutes at the earliest\.$/);
    }
  });

  test("never says that nothing was paid where nobody knows", () => {
    for (const code of UNSURE) {
      const { sentence } = card(kept(code));
      assert.doesNotMatch(sentence, /Nothing was paid/, code);
      assert.match(sentence, /never paid twice/, code);
    }
    assert.match(card(kept("server_error", { state: "sending" })).sentence, /answer is still missing/);
  });

  test("has words of its own for each of the host's reasons", () => {
    const table = textOf("host/flattr_host/native/errors.toml").split("[kept]")[1];
    const codes = [...table.matchAll(/^(\w+) =/gm)].map(([, code]) => code);
    assert.ok(codes.length > 8);
    for (const code of codes) assert.doesNotMatch(card(kept(code)).sentence, /Host:|last try/, code);
  });

  test("may have arrived where the host says so", () => {
    assert.deepEqual([...MAY_HAVE_ARRIVED].toSorted(), codesOf("MAY_HAVE_ARRIVED").toSorted());
    assert.deepEqual([...MAY_HAVE_ARRIVED].toSorted(), UNSURE.toSorted());
  });

  test("waits for the person as the host says it does", () => {
    const codes = codesOf("NEEDS_PERSON");
    assert.deepEqual([...NEEDS_PERSON].toSorted(), codes.toSorted());
    for (const code of codes) assert.match(card(kept(code)).sentence, /Once that is settled/);
  });

  test("can be retried and cancelled, and an account connected where that helps", () => {
    assert.deepEqual(acts(kept()), ["retry", "forget"]);
    assert.deepEqual(acts(kept("unauthorized")), ["retry", "forget", "connect"]);
    assert.deepEqual(acts(kept("server_error", { state: "sending" })), ["retry"]);
  });

  test("for something new has the host's sentence", () => {
    assert.match(card(kept("brand_new")).sentence, /^Host: waits\. /);
  });
});

describe("what ended unsent", () => {
  test("can be read and go, or be flattred after all; a stray key does the first", () => {
    for (const code of ["popup_closed", "never_sent"]) {
      assert.deepEqual(acts(failed(code)), ["dismiss", "again"], code);
      assert.match(card(failed(code)).sentence, /nothing was flattred/, code);
    }
    const news = newsOf(entryOf({ state: "interrupted" }), "run");
    assert.deepEqual(acts(news), ["forget", "again"]);
  });

  test("because it was refused has the words of that, and OK", () => {
    const news = newsOf(entryOf({ state: "refused", code: "flattr_owner" }), "run");
    assert.deepEqual([card(news).heading, acts(news)], ["This is yours", ["forget"]]);
  });
});

test("a queue that waits for the person says why, and leads there", () => {
  const notice = stoppedNotice({ id: "n", run: "run", started: NOW }, "unauthorized");
  assert.match(card(notice).sentence, /signed you out\. Once that is settled, they are sent/);
  assert.deepEqual(acts(notice), ["history", "connect"]);
});

describe("how long until then", () => {
  for (const [ms, words] of [[1, "in 1 second"], [59_001, "in 60 seconds"],
    [61_000, "in 2 minutes"], [3_600_000, "in 60 minutes"], [3_601_000, "in 2 hours"]]) {
    test(`${ms} ms is ${words}`, () => assert.equal(WORDS.sayFromNow(ms), words));
  }
});

describe("the list of what waits", () => {
  test("has what is not settled, in its order, each with its state", () => {
    const states = ["grace", "pending", "sending", "settled", "refused", "interrupted"];
    const entries = states.map((state) => entryOf({ state, gesture: state, is_news: true }));
    const rows = waitingOf(entries);
    assert.deepEqual(rows.map(({ gesture, state }) => [gesture, state]), [["grace", "sending"],
      ["pending", "waits"], ["sending", "sending"], ["refused", "refused"],
      ["interrupted", "interrupted"]]);
  });

  test("has what ended as long as it is news, or shown already", () => {
    const told = ["refused", "interrupted"].map((state) => entryOf({ state, gesture: state }));
    assert.deepEqual(waitingOf(told), []);
    const news = waitingOf(told.map((entry) => ({ ...entry, is_news: true })));
    assert.deepEqual(waitingOf(told, news), news);
    assert.deepEqual(endedIn(news), ["refused", "interrupted"]);
  });

  test("names what is not known by its address, and links to the web alone", () => {
    const [row] = waitingOf([entryOf({ title: "", target: null, discovery: null })]);
    assert.deepEqual([row.title, row.link, row.owner], ["example.org/post", row.link, ""]);
    const [odd] = waitingOf([entryOf({ target: "javascript:alert(1)" })]);
    assert.equal(odd.link, "");
  });
});
