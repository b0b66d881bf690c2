import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { byDay, entryOf, newEntries } from "../../extension/state/history_list.js";

const at = (...local) => new Date(2026, 10, ...local).getTime() / 1000;
const record = (id, created_at, thing = {}) => ({
  created_at,
  thing: { id, url: `https://example.org/${id}`, title: `Thing ${id}`, owner: { username: "bob" },
    ...thing },
});

describe("an entry", () => {
  test("says what, whose and when", () => {
    const { title, address, link, owner, when } = entryOf(record(1, at(23, 14, 5)));
    assert.deepEqual([title, address, link, owner],
      ["Thing 1", "example.org/1", "https://example.org/1", "bob"]);
    assert.equal(when.getHours(), 14);
  });

  test("has its address for a title that is missing, and no owner that nobody knows", () => {
    for (const thing of [{ title: null, owner: null }, { title: " ", owner: undefined }]) {
      const { title, owner } = entryOf(record(1, 0, thing));
      assert.deepEqual([title, owner], ["example.org/1", ""]);
    }
  });

  test("links to nothing but the web", () => {
    for (const url of ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "nothing"]) {
      assert.equal(entryOf(record(1, 0, { url })).link, "", url);
    }
  });

  test("keeps a title from turning around its neighbours", () => {
    assert.equal(entryOf(record(1, 0, { title: "One\n\u202etwo" })).title, "One two");
  });
});

describe("the list", () => {
  test("has a day for each day, in the order of the entries", () => {
    const entries = [record(1, at(23, 23, 59)), record(2, at(23, 0)), record(3, at(22, 23, 59))]
      .map(entryOf);
    assert.deepEqual(byDay(entries).map(({ key, entries: { length } }) => [key, length]),
      [["2026-11-23", 2], ["2026-11-22", 1]]);
  });

  test("does not show again what a new flattr moved on to the next page", () => {
    const first = newEntries(new Set(), [record(2, 20), record(1, 10)]);
    const known = new Set(first.map(({ key }) => key));
    const next = newEntries(known, [record(1, 10), record(1, 5)]);
    assert.deepEqual(next.map(({ when }) => when.getTime()), [5_000]);
  });
});
