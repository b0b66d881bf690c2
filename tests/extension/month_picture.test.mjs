import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { entryOf } from "../../extension/state/history_list.js";
import { monthsAround, pictureOf, withoutRest } from "../../extension/state/month_picture.js";
import { flattrRecord, localTime } from "./helpers.mjs";

const by = (owner, when, id = 1) =>
  entryOf(flattrRecord(id, when, { owner: owner ? { username: owner } : null }));

describe("a month's picture", () => {
  test("has the owners of that month alone, with their shares, those with the most first", () => {
    const entries = [
      by("bob", localTime(32)), by("eve", localTime(20)), by("bob", localTime(19)),
      by("", localTime(18)), by("eve", localTime(1, 0)), by("bob", localTime(0)),
    ];
    const { total, most, parts } = pictureOf(entries, "2026-11");
    assert.deepEqual([total, most], [4, 2]);
    assert.deepEqual(parts, [
      { owner: "eve", count: 2, share: 0.5 },
      { owner: "", count: 1, share: 0.25 },
      { owner: "bob", count: 1, share: 0.25 },
    ]);
  });

  test("of a month without flattrs is empty", () => {
    assert.deepEqual(pictureOf([], "2026-11"), { total: 0, most: 0, parts: [] });
  });

  test("makes one of those beyond the first, but not of a single one", () => {
    const parts = [5, 2, 1, 1].map((count) => ({ owner: "x", count, share: count / 9 }));
    const { shown, rest } = withoutRest(parts, 2);
    assert.equal(shown.length, 2);
    assert.deepEqual([rest.owners, rest.count, rest.share.toFixed(3)], [2, 2, "0.222"]);
    assert.deepEqual(withoutRest(parts, 3), { shown: parts, rest: null });
    assert.deepEqual(withoutRest(parts, Infinity), { shown: parts, rest: null });
  });

  test("leads to the months before and after it that have any", () => {
    const entries = [by("a", localTime(70)), by("a", localTime(5)), by("a", localTime(-70))];
    assert.deepEqual(monthsAround(entries, "2026-11"), { older: "2026-08", newer: "2027-01" });
    assert.deepEqual(monthsAround(entries, "2026-08"), { older: "", newer: "2026-11" });
  });
});
