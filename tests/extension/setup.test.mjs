import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { registering, waysFor } from "../../extension/setup/commands.js";
import { EFFECTS, LOOKS, placeOf } from "../../extension/setup/looks.js";
import { EVERY_MS, Watch } from "../../extension/setup/watch.js";
import { NEEDED, UNKNOWN, isToCheck, told, withoutPaths } from "../../extension/state/setup_machine.js";
import { WORDS, textOf } from "./helpers.mjs";

const done = (more = {}) => told({ id: "1", type: "done", protocol: 1, host_version: "0.1.0",
  features: [...NEEDED], ...more });
const failed = (code, more = {}) => told({ id: "1", type: "error", code, ...more });

describe("how things stand", () => {
  test("is not known before anybody answered", () => {
    assert.equal(UNKNOWN.phase, "asking");
    assert.equal(isToCheck(UNKNOWN), true);
  });

  test("is well where the host knows all that it may be asked for", () => {
    const state = done({ features: [...NEEDED, "brand_new"] });
    assert.deepEqual(state, { phase: "works", hostVersion: "0.1.0", reason: "" });
    assert.equal(isToCheck(state), false);
  });

  test("is that the host is too old, where there is something that it does not know", () => {
    for (const missing of NEEDED) {
      const features = NEEDED.filter((type) => type !== missing);
      assert.equal(done({ features, host_version: "0.0.9" }).phase, "host_too_old", missing);
    }
    assert.equal(done({ features: undefined }).phase, "host_too_old");
  });

  test("is that one of the two is too old, and which, where the host says", () => {
    const spoken = (protocol) => failed("unsupported_protocol", { protocol, host_version: "2" });
    assert.equal(spoken([2, 3]).phase, "extension_too_old");
    assert.equal(spoken([0, 0]).phase, "host_too_old");
    assert.equal(spoken([2, 3]).hostVersion, "2");
    assert.equal(spoken(undefined).phase, "unsupported");
  });

  test("is what both browsers tell apart, and else that it is broken", () => {
    assert.equal(failed("not_installed").phase, "not_installed");
    assert.equal(failed("caller_not_allowed").phase, "caller_not_allowed");
    for (const code of ["broken", "crashed", "no_answer", "internal_error", "invalid_json"]) {
      assert.equal(failed(code).phase, "broken", code);
    }
  });

  test("has the reason in the browser's words, or else the host's", () => {
    assert.equal(failed("broken", { reason: "Native host has exited." }).reason,
      "Native host has exited.");
    assert.equal(failed("internal_error", { message: "Host: a defect." }).reason, "Host: a defect.");
  });

  test("asks for what the protocol has, all of it", () => {
    const types = [...textOf("docs/protocol.md").matchAll(/^### `(\w+)`$/gm)].map(([, type]) => type);
    assert.deepEqual(NEEDED.toSorted(), types.toSorted());
  });

  test("names no file, and with it nobody", () => {
    for (const [said, left] of [
      ["File at path \"/home/ann b/x.sh\" does not exist", "File at path … does not exist"],
      ["No such file: /home/ann/x.sh", "No such file: …"],
      ["C:\\Users\\Ann\\host.exe failed", "… failed"],
      ["'C:\\Users\\Ann B\\host.exe' failed", "… failed"],
      ["~/bin/host failed", "… failed"],
      ["No such native application io.github.flattr_host",
        "No such native application io.github.flattr_host"],
    ]) {
      assert.equal(withoutPaths(said), left);
    }
  });
});

describe("each state", () => {
  for (const [phase, look] of Object.entries(LOOKS)) {
    test(`${phase} has words, and one thing to do where that is in a terminal`, () => {
      assert.ok(WORDS.say(look.heading) && WORDS.say(look.sentence, "0.1.0") && look.glyph);
      if (look.command) {
        assert.ok(WORDS.say(EFFECTS[look.command]));
        for (const by of ["folder", "pipx"]) assert.ok(WORDS.say(placeOf(look.command, by)));
      }
    });
  }

  test("is told from every other in words", () => {
    const headings = Object.values(LOOKS).map(({ heading }) => WORDS.say(heading));
    assert.equal(new Set(headings).size, headings.length);
  });
});

describe("the command", () => {
  test("is the folder's for those who loaded the extension from it, and pipx's for others", () => {
    const [byHand, fromStore] = [waysFor("linux", true), waysFor("linux", false)];
    assert.equal(byHand[0].install, "python3 install.py");
    assert.match(fromStore[0].install, /^pipx install flattr-host && \S+ register$/);
    assert.deepEqual(byHand, fromStore.toReversed());
  });

  test("is what docs/installing.md has", () => {
    const docs = textOf("docs/installing.md");
    for (const os of ["linux", "mac", "win", "openbsd"]) {
      for (const way of waysFor(os, false)) {
        for (const what of ["install", "update", "doctor"]) {
          assert.ok(docs.includes(`\`${way[what]}\``), way[what]);
        }
      }
    }
  });

  test("on Windows is what its shells all understand", () => {
    const ways = waysFor("win", false);
    assert.deepEqual(ways.map(({ install }) => install), ["py install.py"]);
    assert.equal(registering(ways[0], "gecko"), "");
  });

  test("for a browser that is not known says of which family it is", () => {
    const [way] = waysFor("linux", false);
    assert.equal(registering(way, "chromium"),
      "~/.local/bin/flattr-host register --manifest-dir FOLDER --family chromium");
  });
});

describe("watching", () => {
  let looks;
  let isThere;
  let page;
  let watch;
  const settled = () => new Promise((resolve) => { setImmediate(resolve); });

  async function pass(ms) {
    mock.timers.tick(ms);
    await settled();
  }

  async function show(visibilityState) {
    page.visibilityState = visibilityState;
    page.changed();
    await settled();
  }

  beforeEach(async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    looks = 0;
    isThere = false;
    page = { visibilityState: "visible", addEventListener: (_, changed) => { page.changed = changed; } };
    watch = new Watch(page, async () => {
      looks += 1;
      return !isThere;
    });
    watch.start();
    await settled();
  });

  test("looks at once, and again and again until it is there", async () => {
    assert.equal(looks, 1);
    await pass(EVERY_MS);
    assert.equal(looks, 2);
    isThere = true;
    await pass(EVERY_MS);
    await pass(EVERY_MS * 10);
    await show("hidden");
    await show("visible");
    assert.equal(looks, 3);
  });

  test("stops while nobody sees the page, and goes on at once when somebody does", async () => {
    await show("hidden");
    await pass(EVERY_MS * 10);
    assert.equal(looks, 1);
    await show("visible");
    assert.equal(looks, 2);
    await pass(EVERY_MS);
    assert.equal(looks, 3);
  });

  test("looks when the person asks, and not twice at once", async () => {
    await Promise.all([watch.look(), watch.look()]);
    assert.equal(looks, 2);
    await pass(EVERY_MS);
    assert.equal(looks, 3);
  });

  test("does not begin on a page that was opened unseen", async () => {
    page = { visibilityState: "hidden", addEventListener: () => {} };
    new Watch(page, async () => assert.fail()).start();
    await settled();
  });
});
