import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  UNKNOWN, addressToType, asking, canAsk, changing, chose, partsOf, serverName, settled, starting,
  toldAccount, waiting,
} from "../../extension/state/account_machine.js";

const SERVER = "https://flattr.example/rest/v2";
const done = (api_url, username = null, token_place = null) =>
  ({ id: "a", type: "done", api_url, username, token_place });
const error = (code) => ({ id: "a", type: "error", code });
const parts = (state) => [...partsOf(state)];

const EMBEDDED = toldAccount(UNKNOWN, done("embedded"));
const CONNECTED = toldAccount(UNKNOWN, done(SERVER, "alice", "keyring"));
const SIGNED_OUT = toldAccount(UNKNOWN, done(SERVER));

describe("what is shown", () => {
  test("is nothing to choose from before the host has spoken", () => {
    assert.deepEqual(parts(UNKNOWN), ["asking"]);
    assert.deepEqual(parts(toldAccount(UNKNOWN, error("not_installed"))), []);
  });

  test("follows where flattrs go", () => {
    assert.deepEqual(parts(EMBEDDED), ["places"]);
    assert.deepEqual(parts(CONNECTED), ["places", "connected"]);
    assert.deepEqual(parts(SIGNED_OUT), ["places", "connect"]);
    assert.deepEqual([EMBEDDED.chosen, CONNECTED.chosen], ["embedded", "server"]);
  });

  test("to look at the other choice changes nothing yet", () => {
    const looking = chose(CONNECTED, "embedded");
    assert.deepEqual(parts(looking), ["places", "use-embedded"]);
    assert.deepEqual(looking.account, CONNECTED.account);
    assert.deepEqual(parts(chose(EMBEDDED, "server")), ["places", "connect"]);
  });
});

describe("connecting", () => {
  const begun = starting(chose(EMBEDDED, "server"), "flattr.example");

  test("waits for the person, and ends as connected", () => {
    assert.deepEqual(parts(begun), ["places", "connecting"]);
    const asked = waiting(begun, "https://flattr.example/oauth/authorize");
    assert.deepEqual(parts(asked), ["places", "connecting"]);
    const over = settled(asked, done(SERVER, "alice", "file"));
    assert.deepEqual(parts(over), ["places", "connected"]);
    assert.deepEqual(over.account, { api_url: SERVER, username: "alice", token_place: "file" });
    assert.equal(over.authorizeUrl, "");
  });

  test("that fails leaves things as they were, and says why", () => {
    const over = settled(begun, error("connecting_failed"));
    assert.equal(over.trouble.code, "connecting_failed");
    assert.deepEqual(over.account, EMBEDDED.account);
    assert.deepEqual(parts(over), ["places", "connect"]);
    assert.equal(chose(over, "embedded").trouble, null);
  });

  test("that was cancelled is no trouble", () => {
    const over = settled(waiting(begun, "https://flattr.example/"), error("cancelled"));
    assert.deepEqual([over.trouble, over.doing], [null, "idle"]);
  });

  test("is not ended by an answer about how things stood before", () => {
    const begunWhileAsking = starting(asking(EMBEDDED), "flattr.example");
    assert.equal(toldAccount(begunWhileAsking, done("embedded")), begunWhileAsking);
  });
});

describe("coming back", () => {
  test("asks only where nothing is under way", () => {
    assert.deepEqual([UNKNOWN, changing(EMBEDDED), starting(EMBEDDED, "x")].map(canAsk),
      [false, false, false]);
    assert.equal(canAsk(CONNECTED), true);
  });

  test("finds out that the button has signed out", () => {
    assert.deepEqual(parts(toldAccount(asking(CONNECTED), done(SERVER))), ["places", "connect"]);
  });

  test("keeps what the person was looking at, where nothing is new", () => {
    const failed = settled(starting(chose(EMBEDDED, "server"), "x"), error("connecting_failed"));
    const again = toldAccount(asking(failed), done("embedded"));
    assert.deepEqual([again.chosen, again.trouble?.code], ["server", "connecting_failed"]);
  });

  test("forgets that the host was missing, once it is there", () => {
    const missing = toldAccount(UNKNOWN, error("not_installed"));
    assert.equal(asking(missing).trouble, null);
    assert.deepEqual(parts(toldAccount(asking(missing), done("embedded"))), ["places"]);
  });
});

describe("a server's name", () => {
  test("is its host, and what else a person typed that matters", () => {
    assert.equal(serverName(SERVER), "flattr.example");
    assert.equal(serverName("http://127.0.0.1:8765/rest/v2"), "127.0.0.1:8765");
    assert.equal(serverName("https://example.org/flattr/rest/v2/"), "example.org/flattr");
    assert.equal(serverName(" flattr.example "), "flattr.example");
    assert.equal(serverName("not an address"), "not an address");
  });

  test("is shown in the field as it would be typed", () => {
    assert.equal(addressToType(SERVER), "https://flattr.example");
    assert.equal(addressToType("https://example.org/api"), "https://example.org/api");
    assert.equal(addressToType("embedded"), "");
  });
});
