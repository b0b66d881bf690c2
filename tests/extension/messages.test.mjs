import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as messages from "../../extension/conversation/messages.js";
import { HINTS } from "./helpers.mjs";

describe("requests", () => {
  test("say only what there is to say", () => {
    const page = { id: "1", url: "https://a.example/", source: "page", hints: null, confirm: null };
    const request = { id: "1", type: "flattr", gesture: "1", url: page.url };
    assert.deepEqual(messages.flattr(page), request);
    assert.deepEqual(messages.flattr({ ...page, source: "link" }), { ...request, link: true });
    assert.deepEqual(messages.flattr(page, true), { ...request, ask: true });
    const { id, ...discover } = messages.discover(page.url, null);
    assert.deepEqual(discover, { type: "discover", url: page.url });
    assert.equal(messages.discover(page.url, HINTS).hints, HINTS);
    const confirm = "https://b.example/";
    assert.deepEqual(messages.flattr({ ...page, hints: HINTS, confirm }),
      { ...request, hints: HINTS, confirm });
  });

  test("name the gesture that they are about, where they are about one", () => {
    assert.equal("gesture" in messages.outboxSend(), false);
    assert.equal(messages.outboxSend("g").gesture, "g");
    assert.equal(messages.outboxRemove("g").gesture, "g");
    assert.ok(messages.outbox().count <= 1000);
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
