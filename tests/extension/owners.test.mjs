import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { byOwner } from "../../extension/presentation/owners.js";
import { WORDS, textOf } from "./helpers.mjs";

const sites = [...textOf("host/flattr_host/discovery/sites.toml")
  .matchAll(/^\[\[site\]\]\nname = "(\w+)"/gm)].map(([, name]) => name);

describe("an owner", () => {
  test("is called by the name they have at Flattr", () => {
    assert.equal(byOwner("alice", WORDS), "by alice");
  });

  test("is called by the name they have on a site", () => {
    assert.equal(byOwner("github:smgt", WORDS), "by smgt (GitHub)");
    assert.equal(byOwner("twitter:jack", WORDS), "by jack (X)");
    assert.equal(byOwner("newsite:jane", WORDS), "by jane (newsite)");
  });

  test("is nobody's number", () => {
    assert.doesNotMatch(byOwner("fid:a1b2c3", WORDS), /fid|a1b2c3/);
  });

  test("is on no site without a proper name", () => {
    assert.ok(sites.length > 3);
    for (const site of sites) {
      assert.notEqual(byOwner(`${site}:x`, WORDS), `by x (${site})`);
    }
  });
});
