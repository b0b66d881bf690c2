import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { LIMITS, boundHints } from "../../extension/conversation/hints.js";
import { flattr, newId } from "../../extension/conversation/messages.js";
import { HINTS } from "./helpers.mjs";

/** What the host takes in one frame. */
const MAX_FRAME_BYTES = 1_048_576;

const BUTTON = { href: null, rel: "", title: "", language: "", text: "", data: {} };
const bound = (raw) => boundHints({ ...HINTS, ...raw });
const boundButton = (raw) => bound({ buttons: [{ ...BUTTON, ...raw }] }).buttons[0];
const many = (make) => Array.from({ length: 100 }, (_, at) => make(at));

describe("hints", () => {
  test("are cut to what the host takes", () => {
    const address = (at) => `https://example.org/${at}`;
    const hints = bound({
      title: "x".repeat(2000), payment: many(address), links: many(address),
      flattr_ids: many((at) => `m0522${at}`), buttons: many(() => BUTTON),
    });
    assert.equal(hints.title.length, 1000);
    const { payment, links, flattr_ids: ids, buttons } = hints;
    assert.deepEqual([payment, links, ids, buttons].map(({ length }) => length), [32, 16, 8, 16]);
    assert.equal(payment[31], address(31));
  });

  test("have a button's words, so many of them, and nothing else of it", () => {
    const given = {
      href: "https://example.org/post", rel: "flattr;uid:alice", title: "A post", language: "en_GB",
      text: "About it", data: { "flattr-uid": "alice" },
    };
    assert.deepEqual(boundButton({ ...given, onclick: "x" }), given);
    const long = boundButton({ rel: "x".repeat(9999), title: "x".repeat(9999),
      text: "x".repeat(9999), data: Object.fromEntries(many((at) => [`${at}-uid`, "x"])) });
    assert.deepEqual([long.rel.length, long.title.length, long.text.length], [1000, 300, 300]);
    assert.equal(Object.keys(long.data).length, LIMITS.data);
  });

  test("have a button of the page itself, and none that leads nowhere", () => {
    assert.equal(boundButton({ href: null }).href, null);
    for (const href of ["javascript:alert(1)", "", 7, undefined, "/relative"]) {
      assert.equal(boundButton({ href }), undefined, String(href));
    }
  });

  test("are not cut in the middle of a character", () => {
    assert.equal(bound({ title: `${"x".repeat(999)}😀` }).title.isWellFormed(), true);
  });

  test("hold no control characters", () => {
    assert.equal(bound({ title: "a\u0000b\nc\u009fd" }).title, "a b c d");
  });

  test("leave out an address that is too long, for cut short it would be another", () => {
    const long = `https://example.org/${"x".repeat(8192)}`;
    const written = `https://example.org/?${"\\".repeat(5000)}`; // two characters each in JSON
    for (const url of [long, written]) {
      assert.deepEqual(bound({ canonical: url, payment: [url], links: [url], loader: url }), HINTS);
    }
  });

  test("hold addresses of the web only", () => {
    const odd = ["javascript:alert(1)", "bitcoin:1", "file:///etc/passwd", "/relative", "https://"];
    assert.deepEqual(bound({ payment: odd, links: odd, canonical: "data:text/html,x" }), HINTS);
  });

  test("survive whatever a page's script returns", () => {
    for (const raw of [null, undefined, 7, "x"]) assert.equal(boundHints(raw), null);
    const nothing = { ...HINTS, title: null };
    const odd = { title: {}, canonical: [], payment: "x", buttons: [null, 7, []], links: {},
      flattr_ids: [{}, ""], loader: 1 };
    assert.deepEqual(boundHints({}), nothing);
    assert.deepEqual(boundHints(odd), nothing);
  });

  test("fit into a frame, however much a page says", () => {
    const text = "\u20ac".repeat(9999); // three bytes each
    const url = `https://example.org/?${"\\".repeat(4085)}`;
    const data = Object.fromEntries(many((at) => [`${"€".repeat(60)}${at}-uid`, text]));
    const hints = boundHints({
      title: text, canonical: url, loader: url, payment: many(() => url), links: many(() => url),
      flattr_ids: many(() => text),
      buttons: many(() => ({ href: url, rel: text, title: text, language: text, text, data })),
    });
    const full = [hints.payment, hints.buttons, hints.links, hints.flattr_ids];
    assert.deepEqual(full.map(({ length }) => length), [32, 16, 16, 8]);
    const request = flattr({ id: newId(), url, source: "link", hints, confirm: url });
    const size = Buffer.byteLength(JSON.stringify(request));
    assert.ok(size < MAX_FRAME_BYTES, `${size} bytes`);
    assert.ok(size > MAX_FRAME_BYTES / 2, "this is not the worst that can be");
  });
});
