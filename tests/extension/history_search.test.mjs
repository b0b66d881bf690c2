import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { entryOf } from "../../extension/state/history_list.js";
import {
  EVERYTHING, choicesOf, finderOf, folded, isEverything,
} from "../../extension/state/history_search.js";
import { flattrRecord } from "./helpers.mjs";

const ENTRIES = [
  flattrRecord(1, 30, { title: "Café in Málaga", owner: { username: "github:alice" } }),
  flattrRecord(2, 20, { title: "Straße", url: "https://www.songs.example/strasse" }),
  flattrRecord(3, 10, { title: "Nothing", owner: null, url: "https://songs.example/a%20b" }),
].map(entryOf);
const found = (search) =>
  ENTRIES.filter(finderOf({ ...EVERYTHING, ...search })).map(({ thing }) => thing);

describe("a search", () => {
  for (const [text, expected] of [
    ["", [1, 2, 3]],
    ["  ", [1, 2, 3]],
    ["cafe", [1]],
    ["CAFÉ málaga", [1]],
    ["malaga café", [1]],
    ["cafe\u0301", [1]],
    ["STRASSE", [2]],
    ["straße", [2]],
    ["alice", [1]],
    ["songs.example", [2, 3]],
    ["songs bob", [2]],
    ["thing that is nowhere", []],
  ]) {
    test(`for ${JSON.stringify(text)} finds what has all of its words`, () => {
      assert.deepEqual(found({ text }), expected);
    });
  }

  test("by an owner or a site finds theirs alone, and what is typed within it", () => {
    assert.deepEqual(found({ by: "owner", value: "bob" }), [2]);
    assert.deepEqual(found({ by: "site", value: "songs.example" }), [2, 3]);
    assert.deepEqual(found({ by: "site", value: "songs.example", text: "noth" }), [3]);
    assert.deepEqual(found({ by: "owner", value: "bo" }), []);
  });

  test("is none without words and filter", () => {
    assert.ok(isEverything(EVERYTHING) && isEverything({ ...EVERYTHING, text: " " }));
    assert.ok(!isEverything({ ...EVERYTHING, text: "a" }));
    assert.ok(!isEverything({ text: "", by: "owner", value: "bob" }));
  });

  test("takes one letter for another in no other way", () => {
    assert.notEqual(folded("a"), folded("b"));
    assert.equal(folded("ﬁ Ä İ"), "fi a i");
  });

  test("has ten thousand entries behind it in a blink", () => {
    const many = Array.from({ length: 10_000 }, (_, id) => entryOf(flattrRecord(id, id)));
    const begun = performance.now();
    const last = many.filter(finderOf({ ...EVERYTHING, text: "thing 9999" }));
    assert.deepEqual(last.map(({ thing }) => thing), [9999]);
    assert.ok(performance.now() - begun < 200);
  });
});

describe("what can be chosen", () => {
  test("is who and what is known, those with the most first", () => {
    assert.deepEqual(choicesOf(ENTRIES, "site"),
      [{ value: "songs.example", count: 2 }, { value: "example.org", count: 1 }]);
    assert.deepEqual(choicesOf(ENTRIES, "owner").map(({ value }) => value),
      ["bob", "github:alice"]);
  });
});
