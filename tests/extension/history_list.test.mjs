import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { entryOf, hasWholeMonth, newEntries } from "../../extension/state/history_list.js";
import { flattrRecord as record, localTime as at } from "./helpers.mjs";

describe("an entry", () => {
  test("says what, whose and when", () => {
    const { title, address, site, link, owner, when } = entryOf(record(1, at(23, 14, 5)));
    assert.deepEqual([title, address, site, link, owner],
      ["Thing 1", "example.org/1", "example.org", "https://example.org/1", "bob"]);
    assert.equal(when.getHours(), 14);
  });

  test("is of the day and month where the person is", () => {
    for (const [when, expected] of [[at(1, 0), "2026-11-01"], [at(30, 23, 59), "2026-11-30"]]) {
      const { day, month } = entryOf(record(1, when));
      assert.deepEqual([day, month], [expected, "2026-11"]);
    }
  });

  test("has its address for a title that is missing, and no owner that nobody knows", () => {
    for (const thing of [{ title: null, owner: null }, { title: " ", owner: undefined }]) {
      const { title, owner } = entryOf(record(1, 0, thing));
      assert.deepEqual([title, owner], ["example.org/1", ""]);
    }
  });

  test("links to nothing but the web, and asks for images of nothing else", () => {
    for (const url of ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "nothing"]) {
      const { link, image } = entryOf(record(1, 0, { url, image: url }));
      assert.deepEqual([link, image], ["", ""], url);
    }
  });

  test("keeps a title from turning around its neighbours", () => {
    assert.equal(entryOf(record(1, 0, { title: "One\n\u202etwo" })).title, "One two");
  });
});

describe("the list", () => {
  test("does not show again what a new flattr moved on to the next page", () => {
    const first = newEntries(new Set(), [record(2, 20), record(1, 10)]);
    const known = new Set(first.map(({ key }) => key));
    const next = newEntries(known, [record(1, 10), record(1, 5)]);
    assert.deepEqual(next.map(({ when }) => when.getTime()), [5_000]);
  });

  test("has all of a month when something older was read, or nothing else comes", () => {
    const entries = [record(2, at(23)), record(1, at(1))].map(entryOf);
    assert.equal(hasWholeMonth(entries, "2026-11", false), false);
    assert.equal(hasWholeMonth(entries, "2026-11", true), true);
    assert.equal(hasWholeMonth(entries, "2026-12", false), true);
    assert.equal(hasWholeMonth([], "2026-11", false), false);
  });
});
