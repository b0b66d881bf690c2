import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { reportOf } from "../../extension/state/report.js";

const FACTS = {
  extension: "0.1.0", browser: "Firefox 153.1", os: "linux", language: "sv", host: "0.1.0", protocol: 1,
  features: ["hello", "flattr"], apiUrl: "embedded", tokenPlace: "", preferences: ["ask_first"],
  permissions: ["storage", "activeTab"], trouble: "",
};

describe("a report", () => {
  test("has what a defect needs", () => {
    assert.equal(reportOf(FACTS), [
      "extension: 0.1.0", "host: 0.1.0", "protocol: 1", "features: flattr, hello",
      "browser: Firefox 153.1", "system: linux", "language: sv", "flattrs go to: this computer",
      "token: none", "preferences: ask_first", "permissions: activeTab, storage", "trouble: none", "",
    ].join("\n"));
  });

  test("says of a host that does not answer what went wrong, and nothing else of it", () => {
    const silent = reportOf({ ...FACTS, host: "", protocol: undefined, features: [], apiUrl: "",
      trouble: "not_installed" });
    assert.match(silent, /host: no answer\n/);
    assert.match(silent, /trouble: not_installed\n/);
    assert.doesNotMatch(silent, /protocol|features|go to/);
  });

  test("has nothing private in it, wherever it came from", () => {
    const secrets = ["https://flattr.example/rest/v2", "/home/alice", "C:\\Users\\alice", "alice@example.org",
      "github:alice", "two words\nand a line", "eyJhbGciOi.JIUzI1NiJ9/x=="];
    for (const secret of secrets) {
      const facts = Object.fromEntries(Object.entries(FACTS).map(([name, value]) =>
        [name, Array.isArray(value) ? [secret] : secret]));
      const report = reportOf({ ...facts, apiUrl: secret });
      assert.ok(!report.includes(secret), report);
      assert.ok(!/alice|example|home/i.test(report), report);
      assert.match(report, /flattrs go to: a server\n/);
    }
  });

  test("takes no name for a version, a system or a place", () => {
    for (const name of ["extension", "host", "browser", "os", "language", "apiUrl", "tokenPlace"]) {
      const report = reportOf({ ...FACTS, [name]: "alice" });
      assert.ok(!report.includes("alice"), `${name} in ${report}`);
    }
  });
});
