/**
 * What the tests share: the extension's words without a browser, and gestures in any phase.
 */

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { LATER_MS } from "../../extension/presentation/toolbar.js";
import { wordsOf } from "../../extension/presentation/words.js";
import { newGesture, withAnswer, withStatus } from "../../extension/state/gesture.js";

const ROOT = new URL("../../", import.meta.url);
export const EXTENSION = new URL("extension/", ROOT);

/** @param {string} path from the top of the repository */
export function textOf(path) {
  return readFileSync(new URL(path, ROOT), "utf8");
}

/** @param {string} folder in `_locales` */
export function messagesIn(folder) {
  return JSON.parse(textOf(`extension/_locales/${folder}/messages.json`));
}

export const LANGUAGES = readdirSync(fileURLToPath(new URL("_locales/", EXTENSION))).toSorted();
export const MESSAGES = messagesIn("en");
export const MANIFEST = JSON.parse(textOf("extension/manifest.json"));

/** `i18n.getMessage` as browsers do it: named placeholders, and "" for a key that is missing. */
export function getMessage(key, values = []) {
  const { message = "", placeholders = {} } = MESSAGES[key] ?? {};
  return message.replace(/\$(\w+)\$/g, (_, name) => {
    const { content } = placeholders[name.toLowerCase()];
    return content.replace(/\$(\d)/g, (__, place) => values[place - 1] ?? "");
  });
}

export const WORDS = wordsOf(getMessage);

/** Paths below `extension/`, with slashes. */
export function extensionFiles() {
  return readdirSync(fileURLToPath(EXTENSION), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`
      .slice(fileURLToPath(EXTENSION).length).replaceAll("\\", "/").replace(/^\/+/, ""));
}

/** The codes in the table of docs/protocol.md. */
export function protocolCodes() {
  const [, table] = textOf("docs/protocol.md").split("## Error codes");
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
}

/**
 * The reasons in a table of docs/discovery.md.
 * @param {"something" | "nothing"} what can be flattred for them
 */
export function reasonsFor(what) {
  const [, rest] = textOf("docs/discovery.md").split(`## Why ${what} can be flattred`);
  const [table] = rest.split("\n## ");
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
}

export const NOW = Date.UTC(2026, 10, 23, 12);
export const PAGE = "https://example.org/post";

/** What a page can say of itself, as the host takes it; this one says next to nothing. */
export const HINTS = Object.freeze({
  title: "A page", canonical: null, payment: [], buttons: [], flattr_ids: [], links: [],
  loader: null,
});

export const DISCOVERY = Object.freeze({
  url: PAGE, flattrable: true, reason: "site", explanation: "A GitHub repository of alice.",
  target: "https://github.com/alice/tools", site: "github", site_label: "GitHub",
  kind: "repository", owner: "alice", name: "tools", id: null, title: null, part_of: null,
  caution: null,
});

/** A page of the repository in `DISCOVERY`. */
export const PART = Object.freeze({
  url: PAGE, flattrable: false, reason: "part_of", explanation: "Host: part of.",
  target: null, part_of: DISCOVERY, caution: null,
});

/** What the host offers: each with what a yes to it says. */
export function offers(...discoveries) {
  return discoveries.map((discovery, at) => ({ confirm: `yes to ${at}`, discovery }));
}

export function asking(given = {}) {
  return newGesture({ id: "a", run: "run", source: "page", url: PAGE, started: NOW, ...given });
}

export function inGrace(given = {}) {
  const discovered = withStatus(asking(given), { state: "discovered", discovery: DISCOVERY }, NOW);
  return withStatus(discovered, { state: "undo", seconds: 3 }, NOW);
}

export function sending(given = {}) {
  return withStatus(inGrace(given), { state: "sending" }, NOW + 3000);
}

export function flattred(given = {}, flattrs = 1) {
  return withAnswer(sending(given), { type: "done", thing: { title: "Tools", flattrs } });
}

export function failed(code, given = {}, more = {}) {
  return withAnswer(asking(given), { type: "error", code, message: `Host: ${code}.`, ...more });
}

/** An entry of the host's outbox. */
export function entryOf(given = {}) {
  return {
    gesture: "a", state: "pending", url: PAGE, title: "Tools", target: DISCOVERY.target,
    discovery: DISCOVERY, server: "flattr.example", username: "carol", asked_at: NOW / 1000,
    tries: 1, next_try_at: NOW / 1000 + 300, code: "server_unreachable", message: "Host: waits.",
    is_news: false, ...given,
  };
}

export function kept(code = "server_unreachable", given = {}) {
  return failed(code, {}, { kept: entryOf({ code, ...given }) });
}

export function asked(discovery, ...offered) {
  const more = { discovery, offers: offers(...offered) };
  return failed(discovery.flattrable ? "confirmation_required" : "not_flattrable", {}, more);
}

export function tabWith(...gestures) {
  return { page: PAGE, loading: false, gestures };
}

/** Seconds since the epoch, of a day and time in November 2026 where the tests run. */
export function localTime(...local) {
  return new Date(2026, 10, ...local).getTime() / 1000;
}

/** A flattr as the API has it. */
export function flattrRecord(id, created_at, thing = {}) {
  return {
    created_at,
    thing: { id, url: `https://example.org/${id}`, title: `Thing ${id}`, owner: { username: "bob" },
      ...thing },
  };
}

/** Until everything that waits for nothing else is done, after so many milliseconds. */
export async function settle(ms = 0) {
  if (ms > 0) await new Promise((resolve) => { setTimeout(resolve, ms); });
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => { setImmediate(resolve); });
  }
}

/** As {@link settle}, until title and icon of the button have followed its badge. */
export const follow = () => settle(LATER_MS + 10);
