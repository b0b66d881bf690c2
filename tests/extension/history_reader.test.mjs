import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HistoryReader, MANY, SOME } from "../../extension/history/reader.js";
import { flattrRecord } from "./helpers.mjs";

/** A host with so many flattrs, which may fail. */
function hostWith(length) {
  const host = { asked: [], failures: 0, records: [] };
  host.records = Array.from({ length }, (_, at) => flattrRecord(length - at, length - at));
  host.request = async ({ count, page, username }, onStatus) => {
    host.asked.push([count, page, username]);
    await null;
    if (host.failures-- > 0) return { type: "error", code: "server_unreachable" };
    const found = host.records.slice((page - 1) * count, page * count);
    onStatus({ state: "flattrs", flattrs: found });
    return { type: "done", more: found.length === count };
  };
  return host;
}

function readerOf(host, username = "") {
  const read = [];
  const reader = new HistoryReader(host, username, (entries) => read.push(entries.length), () => {});
  return { reader, read };
}

describe("reading a history", () => {
  test("goes as far as somebody wants, and no page is read twice for two of them", async () => {
    const host = hostWith(100);
    const { reader, read } = readerOf(host);
    const some = () => reader.entries.length >= 31;
    assert.deepEqual(await Promise.all([reader.until(some, SOME), reader.until(some, SOME)]),
      [null, null]);
    assert.deepEqual(read, [30, 30]);
    assert.equal(reader.isComplete, false);
  });

  test("goes on in longer pages without leaving out or repeating anything", async () => {
    const host = hostWith(2_345);
    const { reader } = readerOf(host);
    await reader.until(() => reader.entries.length >= 60, SOME);
    await reader.until(() => false, MANY);
    assert.deepEqual(host.asked.slice(2).map(([count, page]) => [count, page]),
      [[1000, 1], [1000, 2], [1000, 3]]);
    assert.deepEqual(reader.entries.map(({ thing }) => thing), host.records.map(({ thing }) => thing.id));
    assert.ok(reader.isComplete);
  });

  test("takes what is flattred meanwhile for nothing that is missing", async () => {
    const host = hostWith(60);
    const { reader } = readerOf(host);
    await reader.until(() => reader.entries.length > 0, SOME);
    host.records.unshift(flattrRecord(99, 99));
    await reader.until(() => false, SOME);
    assert.equal(reader.entries.length, 60);
  });

  test("is ended by a signal, and goes on later", async () => {
    const host = hostWith(100);
    const { reader } = readerOf(host);
    const stopper = new AbortController();
    const reading = reader.until(() => false, SOME, stopper.signal);
    stopper.abort();
    await reading;
    assert.equal(reader.entries.length, 30);
    await reader.until(() => false, SOME);
    assert.equal(reader.entries.length, 100);
  });

  test("tells of a failure, and tries that page again", async () => {
    const host = hostWith(40);
    const { reader, read } = readerOf(host);
    host.failures = 1;
    assert.equal((await reader.until(() => false, SOME)).code, "server_unreachable");
    assert.deepEqual(read, []);
    assert.equal(await reader.until(() => false, SOME), null);
    assert.deepEqual(read, [30, 10]);
  });

  test("is of somebody else where one wants that", async () => {
    const host = hostWith(0);
    await readerOf(host, "bob").reader.until(() => false, SOME);
    await readerOf(host).reader.until(() => false, SOME);
    assert.deepEqual(host.asked, [[30, 1, "bob"], [30, 1, undefined]]);
  });
});
