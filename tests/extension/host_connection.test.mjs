import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import {
  HostConnection, causeOfFailedStart,
} from "../../extension/conversation/host_connection.js";

class FakePort {
  sent = [];
  isClosed = false;
  #heard = [];
  #lost = [];
  onMessage = { addListener: (listener) => this.#heard.push(listener) };
  onDisconnect = { addListener: (listener) => this.#lost.push(listener) };

  postMessage(message) {
    if (this.isClosed) throw new Error("disconnected port");
    this.sent.push(message);
  }

  disconnect() {
    this.isClosed = true;
  }

  say(message) {
    for (const listener of this.#heard) listener(message);
  }

  die(reason) {
    this.isClosed = true;
    this.error = reason ? { message: reason } : null;
    for (const listener of this.#lost) listener(this);
  }

  greetBack(more = {}) {
    this.say({ id: this.sent[0].id, type: "done", protocol: 1, ...more });
  }
}

const FLATTR = { id: "f", type: "flattr", url: "https://example.org/" };
const settled = () => new Promise((resolve) => { setImmediate(resolve); });

let ports;
let lastError;
let connection;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  ports = [];
  lastError = undefined;
  connection = new HostConnection({
    connect: () => {
      ports.push(new FakePort());
      return ports.at(-1);
    },
    lastError: () => lastError,
    version: "0.1.0",
  });
});

async function flattrUnderWay(onStatus) {
  const answer = connection.request(FLATTR, onStatus);
  ports[0].greetBack();
  await settled();
  return answer instanceof Promise ? { answer } : null;
}

describe("a request", () => {
  test("is preceded by hello, which says versions", async () => {
    await flattrUnderWay();
    const [hello, flattr] = ports[0].sent;
    assert.equal(hello.type, "hello");
    assert.deepEqual(hello.protocol, [1, 1]);
    assert.equal(hello.extension, "0.1.0");
    assert.deepEqual(flattr, FLATTR);
  });

  test("is not sent to a host that speaks another version", async () => {
    const answer = connection.request(FLATTR);
    ports[0].say({ id: ports[0].sent[0].id, type: "error", code: "unsupported_protocol" });
    assert.equal((await answer).code, "unsupported_protocol");
    assert.equal(ports[0].sent.length, 1);
  });

  test("is not sent to a host that does not take its like, and others are", async () => {
    const answers = [connection.request({ id: "i", type: "image" }), connection.request(FLATTR)];
    ports[0].greetBack({ features: ["hello", "flattr"] });
    assert.deepEqual(await answers[0], { id: "i", type: "error", code: "host_too_old" });
    ports[0].say({ id: "f", type: "done" });
    assert.equal((await answers[1]).type, "done");
    assert.deepEqual(ports[0].sent.map(({ type }) => type), ["hello", "flattr"]);
    mock.timers.tick(5_000);
    assert.equal(ports[0].isClosed, true);
  });

  test("passes each status on and ends with done", async () => {
    const states = [];
    const { answer } = await flattrUnderWay(({ state }) => states.push(state));
    for (const state of ["discovered", "undo", "sending"]) {
      ports[0].say({ id: "f", type: "status", state });
    }
    ports[0].say({ id: "f", type: "done", thing: { flattrs: 2 } });
    assert.deepEqual((await answer).thing, { flattrs: 2 });
    assert.deepEqual(states, ["discovered", "undo", "sending"]);
  });

  test("shares the port with others", async () => {
    const { answer } = await flattrUnderWay();
    const other = connection.request({ ...FLATTR, id: "g" });
    await settled();
    ports[0].say({ id: "g", type: "done" });
    ports[0].say({ id: "f", type: "error", code: "no_means" });
    assert.equal((await other).type, "done");
    assert.equal((await answer).code, "no_means");
    assert.equal(ports.length, 1);
  });

  test("ends with an error that has no id, if nothing was said of it yet", async () => {
    const { answer } = await flattrUnderWay();
    ports[0].say({ id: null, type: "error", code: "invalid_json" });
    assert.equal((await answer).code, "invalid_json");
  });

  test("outlives messages that make no sense", async () => {
    const { answer } = await flattrUnderWay();
    for (const noise of [null, 7, "x", {}, { id: "unknown", type: "done" }]) ports[0].say(noise);
    ports[0].say({ id: "f", type: "done" });
    assert.equal((await answer).type, "done");
  });
});

describe("a host that goes away", () => {
  const NOT_INSTALLED = [
    "Specified native messaging host not found.",
    "Access to the specified native messaging host is forbidden.",
    "No such native application io.github.flattr_host",
  ];
  const BROKEN = [
    "Native host has exited.",
    "Error when communicating with the native messaging host.",
    "An unexpected error occurred",
    "",
  ];

  for (const reason of NOT_INSTALLED) {
    test(`is not installed: ${reason}`, () =>
      assert.equal(causeOfFailedStart(reason), "not_installed"));
  }

  for (const reason of BROKEN) {
    test(`is broken: ${reason || "no reason"}`, () =>
      assert.equal(causeOfFailedStart(reason), "broken"));
  }

  test("before its first message failed to start: Firefox says why on the port", async () => {
    const answer = connection.request(FLATTR);
    ports[0].die(NOT_INSTALLED[2]);
    assert.equal((await answer).code, "not_installed");
  });

  test("before its first message failed to start: Chromium says why in lastError", async () => {
    const answer = connection.request(FLATTR);
    lastError = BROKEN[0];
    ports[0].die();
    assert.equal((await answer).code, "broken");
  });

  test("after its first message crashed", async () => {
    const { answer } = await flattrUnderWay();
    lastError = BROKEN[0];
    ports[0].die();
    assert.equal((await answer).code, "crashed");
  });

  test("is not started again by anything but the next request", async () => {
    const { answer } = await flattrUnderWay();
    ports[0].die();
    await answer;
    mock.timers.tick(600_000);
    assert.equal(ports.length, 1);
    connection.request(FLATTR);
    assert.equal(ports.length, 2);
  });

  test("cannot even be called", async () => {
    const refused = new HostConnection({
      connect: () => { throw new Error("no permission"); },
      lastError: () => undefined,
      version: "0.1.0",
    });
    assert.equal((await refused.request(FLATTR)).code, "broken");
  });
});

describe("a host that says nothing", () => {
  test("is broken if it does not answer hello", async () => {
    const answer = connection.request(FLATTR);
    mock.timers.tick(10_000);
    assert.equal((await answer).code, "broken");
    assert.equal(ports[0].isClosed, true);
  });

  test("is given up on after two minutes of silence, not before", async () => {
    const { answer } = await flattrUnderWay();
    mock.timers.tick(119_000);
    ports[0].say({ id: "f", type: "status", state: "sending" });
    mock.timers.tick(119_000);
    assert.equal(ports[0].isClosed, false);
    mock.timers.tick(1_000);
    assert.equal((await answer).code, "no_answer");
    assert.equal(ports[0].isClosed, true);
  });
});

describe("a host that says that it will be silent", () => {
  test("is given so much longer", async () => {
    const { answer } = await flattrUnderWay();
    ports[0].say({ id: "f", type: "status", state: "waiting", seconds: 600 });
    mock.timers.tick(719_000);
    assert.equal(ports[0].isClosed, false);
    mock.timers.tick(1_000);
    assert.equal((await answer).code, "no_answer");
  });

  test("for a request that a person answers elsewhere is given what that takes", async () => {
    const request = { id: "c", type: "connect", api_url: "https://flattr.example" };
    const answer = connection.request(request, () => {}, 660_000);
    ports[0].greetBack();
    await settled();
    mock.timers.tick(659_000);
    assert.equal(ports[0].isClosed, false);
    ports[0].say({ id: "c", type: "done", username: "alice" });
    assert.equal((await answer).username, "alice");
  });
});

describe("the port", () => {
  test("closes at once where that is asked for, but not under somebody who waits", async () => {
    const { answer } = await flattrUnderWay();
    connection.close();
    assert.equal(ports[0].isClosed, false);
    ports[0].say({ id: "f", type: "done" });
    await answer;
    connection.close();
    assert.equal(ports[0].isClosed, true);
    connection.greet();
    mock.timers.tick(6_000);
    assert.equal(ports[1].isClosed, false); // the next one is not closed for the last one's sake
  });

  test("that could not be opened is told in the browser's words too", async () => {
    const answer = connection.greet();
    ports[0].die("An unexpected error occurred");
    const { code, reason } = await answer;
    assert.deepEqual([code, reason], ["broken", "An unexpected error occurred"]);
  });

  test("closes a little while after the last answer", async () => {
    const { answer } = await flattrUnderWay();
    mock.timers.tick(60_000);
    assert.equal(connection.isOpen, true);
    ports[0].say({ id: "f", type: "done" });
    await answer;
    mock.timers.tick(4_999);
    assert.equal(ports[0].isClosed, false);
    mock.timers.tick(1);
    assert.equal(ports[0].isClosed, true);
    assert.equal(connection.isOpen, false);
  });

  test("stays open for a request that comes in that while, without another hello", async () => {
    const { answer } = await flattrUnderWay();
    ports[0].say({ id: "f", type: "done" });
    await answer;
    mock.timers.tick(4_000);
    connection.request({ ...FLATTR, id: "g" });
    await settled();
    mock.timers.tick(4_000);
    assert.equal(ports[0].isClosed, false);
    assert.deepEqual(ports[0].sent.map(({ type }) => type), ["hello", "flattr", "flattr"]);
  });
});
