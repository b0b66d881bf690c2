import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { csvOf, fileName, jsonOf } from "../../extension/state/history_export.js";
import { entryOf } from "../../extension/state/history_list.js";
import { flattrRecord } from "./helpers.mjs";

const MOMENT = Date.UTC(2026, 10, 23, 12) / 1000;
const linesOf = (...titles) =>
  csvOf(titles.map((title, id) => entryOf(flattrRecord(id, MOMENT, { title })))).split("\r\n");

describe("the history as JSON", () => {
  test("has the documented fields", () => {
    assert.deepEqual(JSON.parse(jsonOf([entryOf(flattrRecord(7, MOMENT))])), [{
      flattred_at: "2026-11-23T12:00:00.000Z", title: "Thing 7", owner: "bob",
      url: "https://example.org/7", thing: 7,
    }]);
    assert.deepEqual(JSON.parse(jsonOf([])), []);
  });
});

describe("the history as CSV", () => {
  test("has a line of names, and one for each flattr", () => {
    assert.deepEqual(linesOf("Bread"), [
      "flattred_at,title,owner,url,thing",
      "2026-11-23T12:00:00.000Z,Bread,bob,https://example.org/0,0",
      "",
    ]);
  });

  for (const [title, cell] of [
    ["Salt, water", '"Salt, water"'],
    ['A "starter"', '"A ""starter"""'],
    ["=1+1", "'=1+1"],
    ["+49", "'+49"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ["A=B", "A=B"],
  ]) {
    test(`has the title ${title} as ${cell}`, () => {
      assert.equal(linesOf(title)[1].slice("2026-11-23T12:00:00.000Z,".length),
        `${cell},bob,https://example.org/0,0`);
    });
  }

  test("takes no owner or address for a formula", () => {
    const entry = entryOf(flattrRecord(1, MOMENT, { owner: { username: "=x" }, url: "\t=y" }));
    assert.match(csvOf([entry]), /,'=x,'\t=y,1\r\n$/);
  });
});

test("a file is called by the day on which it is saved", () => {
  assert.equal(fileName("csv", new Date(2026, 10, 3, 23)), "flattrs-2026-11-03.csv");
  assert.equal(fileName("json", new Date(2026, 0, 30, 0)), "flattrs-2026-01-30.json");
});
