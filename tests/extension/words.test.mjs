import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { KINDS as THING_KINDS } from "../../extension/presentation/reasons.js";
import { LANGUAGES, MANIFEST, MESSAGES, extensionFiles, messagesIn, textOf } from "./helpers.mjs";
import { baseOf, mistakesIn } from "./locale_mistakes.mjs";

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

const known = new Set(Object.keys(MESSAGES).map(baseOf));

describe("the words", () => {
  test("are all there", () => {
    assert.ok(used.size > 40);
    assert.deepEqual([...used].filter((key) => !known.has(key)), []);
  });

  test("are all used", () => {
    assert.deepEqual([...known].filter((key) => !used.has(key)), []);
  });

  for (const [key, { description, placeholders = {} }] of Object.entries(MESSAGES)) {
    test(`${key} tells translators what it is`, () => {
      assert.match(baseOf(key), new RegExp(`^(?:${KEY.source})$`));
      assert.ok(description.trim().length > 5);
      for (const { content, example } of Object.values(placeholders)) {
        assert.match(content, /^\$\d$/);
        assert.ok(example);
      }
    });
  }
});

/** What is the same word in English, or a name. */
const SAME = {
  "": ["extension_name_text", "history_number_label", "locale_text_direction",
    "options_host_version_label", "popup_ok_button"],
  de: ["options_browser_label"],
  es: ["history_flattrs_count_one", "history_flattrs_count_other"],
  fr: ["history_flattrs_count_one", "history_flattrs_count_other", "history_sites_label",
    "options_extension_version_label", "options_heading", "page_options_label",
    "setup_versions_label"],
  sv: ["history_flattrs_count_one"],
};

/** @param {string} folder @param {ReturnType<typeof messagesIn>} messages */
function mistakes(folder, messages = messagesIn(folder)) {
  const same = new Set([...SAME[""], ...SAME[folder] ?? []]);
  return mistakesIn(folder, messages, MESSAGES, same);
}

describe("the languages", () => {
  for (const folder of LANGUAGES) {
    test(`${folder} has all words, and nothing is wrong with them`, () => {
      assert.deepEqual(mistakes(folder), []);
    });

    test(`${folder} leaves descriptions to en`, () => {
      const parts = Object.values(messagesIn(folder)).flatMap(Object.keys);
      const known = folder === "en" ? ["description"] : [];
      assert.deepEqual(new Set(parts), new Set(["message", "placeholders", ...known]));
    });
  }

  test("are told what is wrong", () => {
    const spoiled = structuredClone(messagesIn("ar"));
    const spoil = (key, message) => { spoiled[key].message = message; };
    delete spoiled.popup_undo_button;
    delete spoiled.history_count_few;
    spoiled.history_count_plenty = { message: "؟" };
    spoil("locale_language_code", "en");
    spoil("locale_text_direction", "ltr");
    spoil("popup_cancel_button", " إلغاء");
    spoil("popup_copy_button", "<b>نسخ");
    spoil("popup_retry_button", "إعادة\u202e");
    spoil("popup_busy_sentence", "لحظات...");
    spoil("page_by_text", "من $WHOM$");
    spoil("menu_page_label", "منح Flattr ".repeat(8).trim());
    spoil("popup_history_button", "History");
    spoiled.history_server_label.placeholders.name.content = "$3";
    assert.deepEqual(mistakes("ar", spoiled).toSorted(), [
      "history_count_few is missing",
      "history_count_plenty is not in en",
      "history_server_label: has other placeholders than en",
      "locale_language_code is in English",
      "locale_language_code is not ar",
      "locale_text_direction is not rtl",
      "menu_page_label: is too long",
      "page_by_text: lacks $owner$",
      "page_by_text: nothing fills $whom$",
      "popup_busy_sentence: has ...",
      "popup_cancel_button: is empty or has blanks around it",
      "popup_copy_button: has <",
      "popup_history_button is in English",
      "popup_retry_button: has a character that cannot be seen",
      "popup_undo_button is missing",
    ]);
  });

  test("keep the figure where a plural form is of several numbers, and the question mark", () => {
    const spoiled = structuredClone(messagesIn("fr"));
    spoiled.history_count_one.message = "un flattr affiché";
    spoiled.popup_several_heading.message = "Que voulez-vous flattrer";
    assert.deepEqual(mistakes("fr", spoiled), [
      "popup_several_heading: ends unlike “Which do you want to flattr?”",
      "history_count_one: lacks $count$",
    ]);
  });
});
