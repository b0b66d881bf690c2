import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { OUTCOMES } from "../../extension/presentation/outcomes.js";
import { troubleOf } from "../../extension/presentation/trouble.js";
import { WORDS } from "./helpers.mjs";

const trouble = (code, more = {}) =>
  troubleOf({ id: "a", type: "error", code, message: `Host: ${code}.`, ...more }, WORDS);

/** What a page that flattrs nothing can be told. */
const CODES = ["not_installed", "broken", "host_too_old", "caller_not_allowed", "crashed", "no_answer", "internal_error", "unknown_type",
  "invalid_request", "unsupported_protocol", "too_many_requests", "ledger_unavailable",
  "invalid_settings", "unauthorized", "not_connected", "insufficient_scope", "rate_limit_exceeded",
  "server_unreachable", "answer_lost", "bad_answer", "server_error", "token_unavailable",
  "connecting_failed"];

describe("trouble on a page where nothing is flattred", () => {
  for (const code of CODES) {
    test(`${code} has the popup's heading, and speaks of no flattr`, () => {
      const { heading, sentence } = trouble(code);
      assert.equal(heading, WORDS.say(OUTCOMES[code].heading));
      assert.doesNotMatch(sentence, /flattred|Host:|undefined|\$/);
      assert.ok(sentence);
    });
  }

  test("leads to the set-up page, as in the popup, where the program is what is wrong", () => {
    for (const code of ["not_installed", "broken", "unsupported_protocol", "host_too_old",
      "caller_not_allowed"]) {
      assert.deepEqual([trouble(code).act, OUTCOMES[code].act], ["setup", "setup"], code);
    }
    assert.equal(trouble("unknown_type").act, null);
  });

  test("leads to connecting an account, and never to the history", () => {
    assert.equal(trouble("not_connected").act, "connect");
    assert.equal(trouble("answer_lost").act, null);
  });

  test("says first what only this case has", () => {
    const { sentence } = trouble("connecting_failed", { detail: "The server is gone." });
    assert.equal(sentence, "The server is gone. Nothing was changed.");
  });

  test("of a newer host, or of the API, has the host's sentence", () => {
    assert.equal(trouble("brand_new", { detail: "x" }).sentence, "Host: brand_new.");
    assert.equal(trouble("forbidden").sentence, "Host: forbidden.");
    assert.ok(trouble("brand_new", { message: undefined }).sentence);
  });
});
