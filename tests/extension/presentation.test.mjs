import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { COLOURS, TEXT_COLOUR, badgeOf } from "../../extension/presentation/badge.js";
import { cardOf } from "../../extension/presentation/card.js";
import { OUTCOMES } from "../../extension/presentation/outcomes.js";
import { withStatus } from "../../extension/state/gesture.js";
import {
  CAUTIONS, KINDS, cautionOf, nounOf, why,
} from "../../extension/presentation/reasons.js";
import {
  DISCOVERY, HINTS, NOW, PAGE, PART, WORDS, asked, asking, failed, flattred, inGrace,
  protocolCodes, reasonsFor, sending, tabWith, textOf,
} from "./helpers.mjs";

const card = (gesture, now = NOW) => cardOf(gesture, now, WORDS);
const badge = (...gestures) => badgeOf(tabWith(...gestures), NOW, WORDS);
const because = (more) => why({ ...DISCOVERY, ...more }, WORDS);

describe("every way to end", () => {
  test("has a row for each code of the protocol", () => {
    const codes = protocolCodes();
    assert.ok(codes.length > 15);
    assert.deepEqual(codes.filter((code) => !(code in OUTCOMES)), []);
  });

  for (const code of Object.keys(OUTCOMES)) {
    test(`${code} has a heading and a sentence of its own`, () => {
      const { heading, sentence } = card(failed(code));
      assert.ok(heading);
      assert.ok(sentence);
      assert.doesNotMatch(heading + sentence, /\$|undefined|Host:/);
    });
  }

  test("a code of a newer host has the host's sentence", () => {
    assert.equal(card(failed("brand_new")).sentence, "Host: brand_new.");
    assert.ok(card(failed("brand_new", {}, { message: undefined })).sentence);
  });

  test("what only this case has follows the words", () => {
    const { sentence } = card(failed("invalid_settings", {}, { detail: "Line 3 is odd." }));
    assert.match(sentence, /settings\.toml.* Line 3 is odd\.$/);
  });

  test("not installed, broken and crashed are three different things with one help each", () => {
    const cards = ["not_installed", "broken", "crashed"].map((code) => card(failed(code)));
    assert.equal(new Set(cards.map(({ heading }) => heading)).size, 3);
    assert.deepEqual(
      cards.map(({ buttons }) => buttons.map(({ act }) => act)),
      [["setup"], ["setup"], ["history"]],
    );
    assert.equal(cards[1].log, false); // it never came so far as to write one
  });

  test("signed out leads to connecting an account, in words and with a button", () => {
    for (const code of ["unauthorized", "not_connected", "insufficient_scope"]) {
      const { buttons, sentence } = card(failed(code));
      assert.deepEqual(buttons, [{ act: "connect", label: "Connect an account", isPrimary: false }]);
      assert.match(sentence, /Nothing was flattred/);
    }
    assert.equal(card(failed("unauthorized")).heading, "Signed out");
  });

  test("where it is not known whether money goes, the history is one press away", () => {
    const unsure = ["answer_lost", "bad_answer", "server_error", "crashed", "no_answer",
      "background_stopped", "internal_error"];
    for (const code of unsure) {
      const { buttons, sentence } = card(failed(code));
      assert.deepEqual(buttons.map(({ act }) => act), ["history"], code);
      assert.match(sentence, /not known whether/, code);
    }
  });
});

describe("a card", () => {
  test("shows name, owner, address and reason of what is about to be flattred, with Undo", () => {
    const { thing, buttons, deadline } = card(inGrace());
    assert.deepEqual(thing, {
      title: "github.com/alice/tools",
      owner: "by alice (GitHub)",
      address: "github.com/alice/tools",
      why: "A repository on GitHub",
    });
    assert.deepEqual(buttons.map(({ act }) => act), ["undo"]);
    assert.equal(deadline, NOW + 3000);
  });

  test("has no Undo once it is too late", () => {
    assert.deepEqual(card(sending()).buttons, []);
    assert.equal(card(sending()).deadline, 0);
  });

  test("says until about when the server's limit holds it up, and no longer", () => {
    const held = withStatus(sending(), { state: "waiting", seconds: 90 }, NOW);
    const { tone, heading, sentence, buttons } = card(held);
    assert.deepEqual([tone, heading, buttons], ["busy", "Waiting for your Flattr server", []]);
    assert.ok(sentence.endsWith(`at about ${WORDS.sayTime(new Date(NOW + 90_000))}.`), sentence);
    assert.match(badge(held).title, /^Waiting for your Flattr server\n/);
    assert.equal(badge(held).text, "…");
    assert.equal(card(held, NOW + 90_000).heading, "Flattring…");
    assert.equal(card(withStatus(held, { state: "sending" }, NOW)).heading, "Flattring…");
  });

  test("counts flattrs in the plural of the language", () => {
    assert.equal(card(flattred({}, 1)).sentence, "1 flattr so far, yours included");
    assert.equal(card(flattred({}, 1234)).sentence, "1,234 flattrs so far, yours included");
  });

  test("says from when something can be flattred again", () => {
    assert.match(card(failed("flattr_once"), NOW).sentence, /in December/);
    assert.match(card(failed("flattr_once"), Date.UTC(2026, 11, 31, 23)).sentence, /in January\.$/);
  });

  test("asks with both hosts, Cancel first", () => {
    const discovery = { ...DISCOVERY, caution: "Look twice." };
    const { hosts, sentence, buttons } = card(asked(discovery, discovery));
    assert.deepEqual(hosts, { fromLabel: "This page", from: "example.org", to: "github.com" });
    assert.equal(sentence, "Look twice.");
    assert.deepEqual(buttons.map(({ act, confirm }) => [act, confirm]),
      [["dismiss", undefined], ["confirm", "yes to 0"]]);
  });

  test("never puts a page's title upon a thing on another host", () => {
    const hints = { ...HINTS, title: "Wikipedia" };
    const titled = (discovery) => card({ ...inGrace(), hints, discovery }).thing.title;
    assert.equal(titled(DISCOVERY), "github.com/alice/tools");
    assert.equal(titled({ ...DISCOVERY, target: PAGE }), "Wikipedia");
    for (const [target, title] of [["http://www.example.org/post/#top", "Wikipedia"],
      ["https://example.org/", "example.org"], ["https://example.org/post?x=1", "example.org/post?x=1"]]) {
      assert.equal(titled({ ...DISCOVERY, reason: "payment", target }), title);
    }
  });

  test("keeps a title on one line and from turning around its neighbours", () => {
    const title = "  One\n\u202etwo ";
    const named = { ...inGrace(), discovery: { ...DISCOVERY, title } };
    assert.equal(card(named).thing.title, "One two");
    const long = { ...named, discovery: { ...DISCOVERY, title: "😀".repeat(200) } };
    assert.match(badge(long).title, /^Flattring (😀){80}… in 3 s\n/u);
  });

  test("does not let an address turn around or hide what follows", () => {
    const target = "https://example.org/%E2%80%AEevil/%20";
    const shown = card({ ...inGrace(), discovery: { ...DISCOVERY, target } }).thing.address;
    assert.equal(shown, "example.org/%E2%80%AEevil/%20");
    const readable = { ...DISCOVERY, target: "https://www.example.org/%C3%A4pple" };
    assert.equal(card({ ...inGrace(), discovery: readable }).thing.address, "example.org/äpple");
  });
});

describe("a wish to be asked first", () => {
  const sure = { ...DISCOVERY, caution: "Host.", caution_reason: "ask_first" };

  test("is a plain question about the thing, Cancel first", () => {
    const { heading, sentence, thing, tone, buttons } = card(asked(sure, sure));
    assert.equal(heading, "Flattr this?");
    assert.doesNotMatch(sentence, /Host/);
    assert.equal(thing.owner, "by alice (GitHub)");
    assert.equal(tone, "offer");
    assert.deepEqual(buttons, [
      { act: "dismiss", label: "Cancel", isPrimary: false },
      { act: "confirm", label: "Flattr", isPrimary: true, confirm: "yes to 0" },
    ]);
  });

  test("leaves a question that is asked anyway as it is", () => {
    const unsure = { ...sure, caution_reason: "other_host" };
    assert.equal(card(asked(unsure, unsure)).heading, "Is this what you want to flattr?");
  });
});

describe("several offers", () => {
  const payee = (user_id, more = {}) => ({
    ...DISCOVERY, reason: "payment", site: null, kind: null, owner: null, user_id,
    target: `${PAGE}/${user_id}`, caution: "Host.", caution_reason: "several_payees", ...more,
  });
  const elsewhere = { target: "https://www.other.example/x", caution_reason: "other_host" };
  const list = asked(payee("alice"), payee("alice", { title: "Bread" }), payee("bob", elsewhere));

  test("are each shown with name, address, owner, reason, and what is to be said against it", () => {
    const { offers, thing, hosts, buttons, heading, sentence } = card(list);
    assert.deepEqual(offers, [
      { confirm: "yes to 0", title: "Bread", address: "example.org/post/alice", owner: "by alice",
        why: "This page's payment link", caution: "" },
      { confirm: "yes to 1", title: "other.example/x", address: "other.example/x",
        owner: "by bob", why: "This page's payment link",
        caution: "Not on this page's host, example.org" },
    ]);
    assert.deepEqual([thing, hosts], [null, null]);
    assert.deepEqual(buttons.map(({ act }) => act), ["dismiss"]);
    assert.equal(heading, "Which do you want to flattr?");
    assert.equal(sentence, "This page names several payees.");
  });

  test("show all of a host, and as much of the rest as can be read", () => {
    const target = `https://${"long.".repeat(40)}example/${"a".repeat(2000)}`;
    const [one, other] = card(asked(payee("alice"), payee("alice", { target }),
      payee("bob", { title: "T".repeat(999) }))).offers;
    assert.ok(one.address.includes(`${"long.".repeat(40)}example/aaa`));
    assert.equal(one.title, one.address);
    assert.ok(one.address.length < 300 && one.address.endsWith("…"));
    assert.equal(other.title.length, 121);
  });

  test("are a question for badge and title too", () => {
    const { text, title, opensPopup } = badge(list);
    assert.deepEqual([text, opensPopup], ["?", true]);
    assert.equal(title, "Which do you want to flattr?\nThis page names several payees.");
  });

  test("have a sentence where nobody knows why there are several", () => {
    const plain = payee("alice", { caution: null, caution_reason: null });
    assert.ok(card(asked(plain, plain, plain)).sentence);
  });
});

describe("what a page is a part of", () => {
  test("is offered in words of its own, more quietly than what needs a second look", () => {
    const { tone, heading, sentence, thing, hosts, buttons } = card(asked(PART, DISCOVERY));
    assert.equal(tone, "offer");
    assert.equal(heading, "Flattr the repository?");
    assert.equal(sentence, "This page is part of alice/tools.");
    assert.deepEqual(buttons, [
      { act: "dismiss", label: "Cancel", isPrimary: false },
      { act: "confirm", label: "Flattr the repository", isPrimary: true, confirm: "yes to 0" },
    ]);
    assert.equal(thing.address, "github.com/alice/tools");
    assert.deepEqual(hosts, { fromLabel: "This page", from: "example.org", to: "github.com" });
    assert.notEqual(COLOURS.offer, COLOURS.question);
  });

  test("needs the person, and says so without colour", () => {
    const { text, title, opensPopup } = badge(asked(PART, DISCOVERY));
    assert.deepEqual([text, opensPopup], ["?", true]);
    assert.equal(title, "Flattr the repository?\nThis page is part of alice/tools.");
  });

  test("is said of a link where it was one", () => {
    const { sentence, hosts } = card({ ...asked(PART, DISCOVERY), source: "link" });
    assert.equal(sentence, "This link leads to a part of alice/tools.");
    assert.equal(hosts.fromLabel, "This link");
  });

  test("never has the title of the part, and its own words where its kind is new", () => {
    const here = { ...DISCOVERY, target: "https://example.org/alice", kind: "gallery", name: null };
    const hints = { ...HINTS, title: "An issue" };
    const { thing, heading, buttons } = card({ ...asked({ ...PART, part_of: here }, here), hints });
    assert.equal(thing.title, "example.org/alice");
    assert.equal(heading, "Flattr it?");
    assert.equal(buttons[1].label, "Flattr it");
  });

  test("says what there is to say against it", () => {
    const unsure = { ...DISCOVERY, caution: "Host.", caution_reason: "other_host" };
    assert.match(card(asked(PART, unsure)).sentence, /^This page is part .* another host/);
  });

  test("without an offer is a reason, and no question", () => {
    const { tone, sentence, buttons } = card(failed("not_flattrable", {}, { discovery: PART }));
    assert.equal(sentence, "This page is part of alice/tools.");
    assert.deepEqual([tone, buttons], ["quiet", []]);
  });
});

describe("why", () => {
  test("is said of a site's thing with its owner", () => {
    assert.equal(because({}), "A repository of alice on GitHub");
  });

  test("has words for every kind of thing on a site", () => {
    const kinds = [...textOf("host/flattr_host/discovery/sites.toml")
      .matchAll(/^kind = "([^"]+)"/gm)].map(([, kind]) => kind);
    assert.deepEqual([...KINDS].toSorted(), [...new Set(kinds)].toSorted());
    for (const kind of KINDS) {
      assert.match(because({ kind }), /alice.*GitHub/);
      assert.match(because({ kind, owner: null }), /GitHub/);
      assert.match(nounOf({ kind }, WORDS), /^the /);
    }
  });

  test("is the host's sentence for a kind or a reason that is not known here", () => {
    const explanation = "A planet of bob.";
    assert.equal(because({ kind: "planet", explanation }), explanation);
    assert.equal(because({ reason: "new_reason", explanation }), explanation);
  });

  test("calls a site as the host does, one that the person added too", () => {
    const forge = { site: "forge", site_label: "forge.example" };
    assert.equal(because(forge), "A repository of alice on forge.example");
  });

  test("names the user of Flattr whom a link names", () => {
    const words = ["site", "thing", "flattr_id"];
    const named = reasonsFor("something").filter((word) => !words.includes(word));
    for (const reason of named) {
      assert.match(because({ reason, user_id: "bob" }), /bob/, reason);
      assert.match(because({ reason, user_id: "github:bob" }), /bob \(GitHub\)/, reason);
      const nobody = because({ reason, user_id: null, owner: null, explanation: "Host's words." });
      assert.doesNotMatch(nobody, /Host's|undefined|\$/, reason);
    }
  });

  test("says whose the thing is where only its address tells, or an old id", () => {
    const link = { reason: "payment", user_id: null };
    assert.equal(because(link), "This page's payment link · A repository of alice on GitHub");
    assert.match(because({ ...link, owner: null, fid: "ab12" }), / · by somebody/);
  });

  test("sets names apart that may be written in the other direction", () => {
    const user_id = "\u202eאליס";
    assert.match(because({ reason: "payment", user_id }), /names \u2068אליס\u2069 as/);
  });

  test("has words for what has no owner in its address", () => {
    const photo = { site: "instagram", site_label: "Instagram", kind: "photo", owner: null };
    assert.equal(because(photo), "A photo on Instagram");
  });

  test("has words for each cause of finding nothing", () => {
    const reasons = reasonsFor("nothing");
    assert.ok(reasons.length > 5);
    for (const reason of reasons) {
      const found = { flattrable: false, reason, explanation: "Host's words.", part_of: DISCOVERY };
      assert.doesNotMatch(because(found), /Host's|undefined|\$/, reason);
    }
  });

  test("nothing was found comes with what the person can do about it", () => {
    for (const reason of reasonsFor("nothing")) {
      const discovery = { ...PART, reason, explanation: "Host's words." };
      const { sentence, advice } = card(failed("not_flattrable", {}, { discovery }));
      assert.match(sentence, /^[^.]+\.$/, reason);
      assert.match(advice, /^[^.]+(\.toml)?\.$/, reason);
      const { title } = badge(failed("not_flattrable", {}, { discovery }));
      assert.equal(title, `Nothing to flattr here\n${sentence}\n${advice}`);
    }
    for (const code of ["not_http", "too_long"]) assert.ok(card(failed(code)).advice, code);
  });

  test("something was found has nothing to be done about it but the buttons", () => {
    for (const one of [asked(PART, DISCOVERY), inGrace(), flattred(), failed("no_means")]) {
      assert.equal(card(one).advice, "");
    }
  });

  test("a page was not read comes with what went wrong", () => {
    const discovery = { ...DISCOVERY, flattrable: false, reason: "unread_page", target: null };
    const more = { discovery, detail: "It took too long." };
    assert.match(card(failed("not_flattrable", {}, more)).sentence, /not read\. It took too long\.$/);
  });
});

describe("every caution", () => {
  test("that docs/discovery.md explains has words of its own", () => {
    const words = ["ask_first", "other_host", "other_owner", "several_payees", "several_things",
      "only_linked"];
    assert.deepEqual([...CAUTIONS.keys()].toSorted(), words.toSorted());
    const said = words.map((reason) =>
      cautionOf({ ...DISCOVERY, caution: "Host.", caution_reason: reason, user_id: "bob" }, "page", WORDS));
    assert.equal(new Set([...said, "Host."]).size, words.length + 1);
  });
});

describe("the badge", () => {
  test("differs in glyph and title, not only in colour", () => {
    const looks = [
      badge(asking()), badge(inGrace()), badge(flattred()), badge(failed("no_means")),
      badge(asked(DISCOVERY, DISCOVERY)), badge(failed("flattr_owner")),
    ];
    assert.equal(new Set(looks.map(({ text }) => text)).size, looks.length);
    assert.equal(new Set(looks.map(({ title }) => title)).size, looks.length);
  });

  test("has a shape for each state, as full as the flattr is done", () => {
    const icon = (...given) => badge(...given).icon;
    assert.deepEqual([asking(), inGrace(), sending()].map((one) => icon(one)), Array(3).fill("mark"));
    assert.equal(icon(flattred()), "done");
    assert.equal(icon(failed("flattr_once")), "done");
    assert.equal(icon(failed("cancelled")), "open");
    assert.equal(icon(failed("flattr_owner")), "none");
    for (const one of [failed("no_means"), asked(DISCOVERY, DISCOVERY), failed("popup_closed")]) {
      assert.equal(icon(one), "half");
    }
  });

  test("tells before a click what a glance at the page found, if nothing else is going on", () => {
    const rest = (glance, ...gestures) => badgeOf({ ...tabWith(...gestures), glance }, NOW, WORDS);
    const ready = rest(DISCOVERY);
    assert.deepEqual([ready.icon, ready.text, ready.opensPopup], ["mark", "", false]);
    assert.equal(ready.title, "Can be flattred: A repository of alice on GitHub");
    const unsure = rest({ ...DISCOVERY, caution: "Host.", caution_reason: "other_host" });
    assert.match(unsure.title, /^Can be flattred: .*\nThis page names something on another host/);
    assert.equal(rest(PART).title, "A click here offers: A repository of alice on GitHub");
    const none = rest({ ...PART, reason: "unknown_page", part_of: null });
    assert.deepEqual([none.icon, none.text], ["none", ""]);
    assert.match(none.title, /^Nothing to flattr found/);
    assert.deepEqual(rest(DISCOVERY, flattred()), badge(flattred()));
    assert.notEqual(badge(asking()).text, ready.text);
  });

  test("counts the seconds down and never shows 0 while Undo is possible", () => {
    const at = (ms) => badgeOf(tabWith(inGrace()), NOW + ms, WORDS).text;
    assert.deepEqual([0, 1, 1000, 2000, 2999, 3000].map(at), ["3", "3", "2", "1", "1", "1"]);
  });

  test("says in its title what was flattred", () => {
    assert.equal(badge(flattred()).title, "Flattred: Tools\n1 flattr so far, yours included");
  });

  test("is plain where nothing is going on", () => {
    const plain = { icon: "open", text: "", title: "Flattr this page", opensPopup: false };
    assert.deepEqual(badgeOf(null, NOW, WORDS), { ...plain, colour: COLOURS.quiet });
  });

  for (const [tone, colour] of Object.entries(COLOURS)) {
    test(`can be read: ${tone}`, () => assert.ok(contrast(TEXT_COLOUR, colour) >= 4.5));
  }
});

describe("the pages' colours", () => {
  const { light, dark } = themesOf("extension/presentation/theme.css");
  const texts = [
    ["text", "ground"], ["text", "ground-inset"], ["text-quiet", "ground"],
    ["text-quiet", "ground-inset"], ["text", "button"], ["text", "button-over"],
    ["on-accent", "accent"], ["accent", "ground"], ["grace", "ground"], ["question", "ground"],
    ["question", "ground-inset"], ["trouble", "ground"], ["kept", "ground"],
  ];

  for (const [name, theme] of Object.entries({ light, dark })) {
    for (const [text, ground] of texts) {
      test(`${name}: ${text} on ${ground} can be read`, () =>
        assert.ok(contrast(theme[text], theme[ground]) >= 4.5));
    }
    test(`${name}: a button's edge can be seen`, () =>
      assert.ok(contrast(theme["button-line"], theme.ground) >= 3));
  }
});

describe("a server's and the host's pages", () => {
  const themes = themesOf("extension/presentation/theme.css");
  /** What they call by another name. */
  const roles = { card: "ground-inset", focus: "question", good: "accent" };

  for (const page of ["ledger/web/page.css", "account/page.html"]) {
    for (const [name, theme] of Object.entries(themesOf(`host/flattr_host/${page}`))) {
      test(`have the extension's colours: ${page}, ${name}`, () => {
        const same = Object.keys(theme).map((role) => [role, themes[name][roles[role] ?? role]]);
        assert.ok(same.length > 4);
        assert.deepEqual(theme, Object.fromEntries(same));
      });
    }
  }
});

/** Colours as `#rrggbb` by their roles. */
function themesOf(path) {
  const [light, dark] = textOf(path).split("prefers-color-scheme: dark").map((part) =>
    Object.fromEntries([...part.matchAll(/--([\w-]+): (#\w+)/g)].map(([, role, colour]) =>
      [role, colour.length === 4 ? colour.replace(/\w/g, "$&$&") : colour])));
  return { light, dark };
}

/** WCAG 2.2's contrast ratio of two colours `#rrggbb`. */
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
