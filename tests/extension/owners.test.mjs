import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { byOwner } from "../../extension/presentation/owners.js";
import { WORDS, textOf } from "./helpers.mjs";

/** Names and labels of the shipped sites; those that a person adds are known by their host. */
const sites = [...textOf("host/flattr_host/discovery/sites.toml")
  .matchAll(/^\[\[site\]\]\nname = "([^"]+)"\n(?:\w+ = "[^"]*"\n)*?label = "([^"]+)"/gm)];

describe("an owner", () => {
  test("is called by the name they have at Flattr", () => {
    assert.equal(byOwner("alice", WORDS), "by alice");
  });

  test("is called by the name they have on a site", () => {
    assert.equal(byOwner("github:smgt", WORDS), "by smgt (GitHub)");
    assert.equal(byOwner("twitter:jack", WORDS), "by jack (Twitter)");
    assert.equal(byOwner("newsite:jane", WORDS), "by jane (newsite)");
  });

  test("is nobody's number", () => {
    assert.doesNotMatch(byOwner("fid:a1b2c3", WORDS), /fid|a1b2c3/);
  });

  test("is called with the name that the host has for the site", () => {
    assert.ok(sites.length > 30);
    for (const [, name, label] of sites) {
      assert.equal(byOwner(`${name}:x`, WORDS), `by x (${label})`);
    }
  });
});
