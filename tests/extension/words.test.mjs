import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { KINDS as THING_KINDS } from "../../extension/presentation/reasons.js";
import { MANIFEST, MESSAGES, extensionFiles, textOf } from "./helpers.mjs";

const PLURAL = /_(zero|one|two|few|many|other)$/;
const SCREENS = "extension|history|locale|menu|notification|options|outbox|page|popup|reason|report|setup|toolbar|trouble";
const KINDS = "button|code|count|direction|heading|label|sentence|text|title";
const KEY = new RegExp(`\\b(?:${SCREENS})(?:_[a-z0-9]+)*_(?:${KINDS})\\b`, "g");
const PHASES = ["asking", "grace", "reading", "sending", "waiting"];

const sources = extensionFiles()
  .filter((file) => /\.(js|html)$/.test(file))
  .map((file) => textOf(`extension/${file}`))
  .concat(JSON.stringify(MANIFEST).replace(/__MSG_(\w+?)__/g, " $1 "));
const used = new Set(sources.flatMap((source) => source.match(KEY) ?? []));
// The two families of keys that are put together: the card of a gesture that has not ended, and the
// kinds of things on sites.
for (const phase of PHASES) {
  used.add(`popup_${phase}_heading`);
  used.add(`popup_${phase}_sentence`);
}
for (const kind of THING_KINDS) {
  used.add(`reason_site_${kind}_sentence`);
  used.add(`reason_site_${kind}_unowned_sentence`);
  used.add(`reason_site_${kind}_text`);
}

const known = new Set(Object.keys(MESSAGES).map((key) => key.replace(PLURAL, "")));

describe("the words", () => {
  test("are all there", () => {
    assert.ok(used.size > 40);
    assert.deepEqual([...used].filter((key) => !known.has(key)), []);
  });

  test("are all used", () => {
    assert.deepEqual([...known].filter((key) => !used.has(key)), []);
  });

  test("have an `other` wherever they have a plural form", () => {
    const plurals = Object.keys(MESSAGES).filter((key) => PLURAL.test(key));
    assert.ok(plurals.length > 0);
    for (const key of plurals) assert.ok(MESSAGES[key.replace(PLURAL, "_other")], key);
  });

  for (const [key, entry] of Object.entries(MESSAGES)) {
    test(`${key} is well formed`, () => {
      const { message, description, placeholders = {}, ...rest } = entry;
      assert.match(key.replace(PLURAL, ""), new RegExp(`^(?:${KEY.source})$`));
      assert.ok(message.trim() === message && message.length > 0);
      assert.ok(description.trim().length > 5);
      assert.deepEqual(rest, {});
      const named = [...message.matchAll(/\$([A-Z]+)\$/g)].map(([, name]) => name.toLowerCase());
      assert.deepEqual(named.toSorted(), Object.keys(placeholders).toSorted());
      for (const { content, example } of Object.values(placeholders)) {
        assert.match(content, /^\$\d$/);
        assert.ok(example);
      }
      assert.doesNotMatch(message.replace(/\$[A-Z]+\$/g, ""), /\$|<|'{2}|\.\.\./);
    });
  }

  test("fit into the browsers' lists", () => {
    assert.ok(MESSAGES.extension_name_text.message.length <= 45);
    assert.ok(MESSAGES.extension_description_text.message.length <= 132);
  });
});
