import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as messages from "../../extension/conversation/messages.js";

describe("hints", () => {
  const bound = (raw) => messages.boundHints({ title: "T", canonical: null, payment: [], ...raw });

  test("are cut to what the host takes", () => {
    assert.equal(bound({ title: "x".repeat(2000) }).title.length, messages.MAX_TITLE_CHARS);
    const payment = Array.from({ length: 40 }, (_, n) => `https://example.org/${n}`);
    assert.deepEqual(bound({ payment }).payment, payment.slice(0, 32));
  });

  test("are not cut in the middle of a character", () => {
    const { title } = bound({ title: `${"x".repeat(999)}😀` });
    assert.equal(title.isWellFormed(), true);
  });

  test("leave out an address that is too long, for cut short it would be another", () => {
    const long = `https://example.org/${"x".repeat(8192)}`;
    assert.deepEqual(bound({ canonical: long, payment: [long] }), bound({}));
  });

  test("hold addresses of the web only", () => {
    const payment = ["javascript:alert(1)", "bitcoin:1", "file:///etc/passwd", "/relative"];
    assert.deepEqual(bound({ payment, canonical: "data:text/html,x" }), bound({}));
  });

  test("survive whatever a page's script returns", () => {
    for (const raw of [null, undefined, 7, "x"]) assert.equal(messages.boundHints(raw), null);
    assert.deepEqual(messages.boundHints({ title: {}, canonical: [], payment: "x" }),
      { title: null, canonical: null, payment: [] });
  });
});

describe("requests", () => {
  test("say only what there is to say", () => {
    assert.deepEqual(messages.flattr("1", "https://a.example/", null, null),
      { id: "1", type: "flattr", url: "https://a.example/" });
    const hints = { title: "T", canonical: null, payment: [] };
    assert.deepEqual(messages.flattr("1", "https://a.example/", hints, "https://b.example/"),
      { id: "1", type: "flattr", url: "https://a.example/", hints, confirm: "https://b.example/" });
  });

  test("have ids of their own", () => {
    const ids = [1, 2, 3].map(() => messages.cancel("f").id);
    assert.equal(new Set(ids).size, 3);
    assert.ok(ids.every((id) => id.length >= 1 && id.length <= 64));
  });
});

test("a person says yes on a page that TLS names, or on this very machine", () => {
  for (const url of ["https://flattr.example/oauth/authorize?x=1", "http://127.0.0.1:8765/a",
    "http://localhost/a", "http://[::1]:1/a", "https://10.0.0.1/"]) {
    assert.equal(messages.isSafeAddress(url), true, url);
  }
  for (const url of [undefined, "", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "http://flattr.example/", "http://127.0.0.1.example/", "http://localhost.example/",
    "https://flattr.com@evil.example/", "chrome://settings", "/oauth/authorize"]) {
    assert.equal(messages.isSafeAddress(url), false, url);
  }
});

test("a server's address is typed with or without its scheme, and leads to no other machine", () => {
  for (const typed of ["flattr.example", "flattr.example:8443/api", "https://flattr.example/rest/v2/",
    "http://127.0.0.1:8765", "HTTP://localhost", "localhost:8765", "[::1]:8765"]) {
    assert.equal(messages.isServerAddress(typed), true, typed);
  }
  for (const typed of ["http://flattr.example", "ftp://flattr.example", "alice@flattr.example",
    "flattr.example/?a=b", "flattr.example#top", "my server", "flattr.example\\a", "https://",
    "flattr.example:port"]) {
    assert.equal(messages.isServerAddress(typed), false, typed);
  }
});

test("only addresses of the web can be flattred", () => {
  for (const url of ["https://a.example/", "http://127.0.0.1:8000/x"]) {
    assert.equal(messages.isWebAddress(url), true);
  }
  for (const url of [undefined, null, "", "about:blank", "file:///home", "https://"]) {
    assert.equal(messages.isWebAddress(url), false);
  }
});
