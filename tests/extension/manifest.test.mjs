import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { pathsOf } from "../../extension/presentation/toolbar.js";
import { EXTENSION, MANIFEST, extensionFiles, textOf } from "./helpers.mjs";

describe("the manifest", () => {
  test("asks for five permissions, and for two things only when the person wants what needs them", () => {
    assert.deepEqual(MANIFEST.permissions.toSorted(),
      ["activeTab", "contextMenus", "nativeMessaging", "scripting", "storage"]);
    assert.deepEqual(MANIFEST.optional_permissions, ["notifications"]);
    assert.deepEqual(MANIFEST.optional_host_permissions, ["http://*/*", "https://*/*"]);
    for (const key of ["host_permissions", "content_scripts", "web_accessible_resources", "externally_connectable"]) {
      assert.equal(MANIFEST[key], undefined, key);
    }
  });

  test("has a reason in docs/permissions.md for each permission, and asks for all that has one", () => {
    const { permissions, optional_permissions, optional_host_permissions } = MANIFEST;
    const asked = [...permissions, ...optional_permissions, ...optional_host_permissions];
    const rows = textOf("docs/permissions.md").matchAll(/^\| `([^`]+)` \|/gm);
    assert.deepEqual([...rows].map(([, name]) => name).toSorted(), asked.toSorted());
  });

  test("declares for Firefox what docs/permissions.md says of it", () => {
    const { required, optional } = MANIFEST.browser_specific_settings.gecko.data_collection_permissions;
    const declared = textOf("docs/permissions.md").split("## Firefox's declaration of data")[1];
    assert.deepEqual([...declared.matchAll(/\(`(\w+[A-Z]\w+)`\)/g)].map(([, name]) => name),
      required);
    assert.equal(optional, undefined);
  });

  test("gives the same id on every machine", () => {
    const digest = createHash("sha256").update(Buffer.from(MANIFEST.key, "base64")).digest("hex");
    const letter = (hex) => "abcdefghijklmnop"[parseInt(hex, 16)];
    const id = [...digest.slice(0, 32)].map(letter).join("");
    assert.match(id, /^[a-p]{32}$/);
    assert.equal(MANIFEST.browser_specific_settings.gecko.id, "flattr-host@flattr-host.github.io");
  });

  test("leaves every click on the button to the background", () => {
    assert.equal(MANIFEST.action.default_popup, undefined);
  });

  test("opens its options in a tab: a tab can wait for the server's", () => {
    assert.deepEqual(MANIFEST.options_ui, { page: "options/options.html", open_in_tab: true });
  });

  test("declares the shortcut without taking one from anybody", () => {
    assert.deepEqual(MANIFEST.commands, { _execute_action: {} });
  });

  test("lets its pages load nothing from elsewhere", () => {
    const policy = MANIFEST.content_security_policy.extension_pages;
    assert.equal(policy,
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:");
  });

  test("has the pictures that it names", () => {
    const files = new Set(extensionFiles());
    const named = [MANIFEST.icons, MANIFEST.action.default_icon].flatMap(Object.values);
    for (const path of named) assert.ok(files.has(path), path);
    assert.deepEqual(Object.keys(MANIFEST.icons), ["16", "32", "48", "128"]);
  });

  test("has each shape of the button in the sizes that their names say", () => {
    const shapes = ["open", "none", "half", "mark", "done"];
    const named = [...shapes.flatMap((shape) => Object.entries(pathsOf(shape))),
      ...Object.entries(MANIFEST.icons), ...Object.entries(MANIFEST.action.default_icon)];
    for (const [size, path] of named) {
      const png = readFileSync(new URL(`.${path.replace(/^\/?/, "/")}`, EXTENSION));
      assert.equal(png.toString("latin1", 1, 4), "PNG");
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [Number(size), Number(size)], path);
    }
  });
});

describe("the folder", () => {
  const [, HOME] = textOf("pyproject.toml").match(/^Homepage = "(.+)"$/m) ?? [];
  const KINDS = new RegExp(`^(${[
    "manifest\\.json",
    "_locales/\\w+/messages\\.json",
    "icons/[\\w-]+\\.png",
    "(\\w+/)?\\w+\\.js",
    "(history|options|popup|setup)/\\w+\\.(html|css)",
    "presentation/\\w+\\.css",
  ].join("|")})$`);

  test("holds nothing that does not belong into a package", () => {
    assert.deepEqual(extensionFiles().filter((file) => !KINDS.test(file)), []);
  });

  test("has the files that its pages name", () => {
    const files = new Set(extensionFiles());
    for (const page of [...files].filter((file) => file.endsWith(".html"))) {
      const named = textOf(`extension/${page}`).matchAll(/<(\w+)[^>]*\s(?:href|src)="([^"]+)"/g);
      for (const [, tag, path] of named) {
        if (tag === "a" && path === HOME) continue; // nothing is loaded from there by itself
        const file = new URL(path, `file:///${page}`).pathname.slice(1);
        assert.ok(files.has(file), `${page}: ${path}`);
      }
    }
  });

  test("sets text only as text, and runs no text as code", () => {
    const forbidden = /(inner|outer|insertAdjacent)HTML|document\.write|\beval\(|new Function/;
    for (const file of extensionFiles().filter((name) => name.endsWith(".js"))) {
      assert.doesNotMatch(textOf(`extension/${file}`), forbidden, file);
    }
  });

  test("listens to nothing from outside", () => {
    for (const file of extensionFiles().filter((name) => name.endsWith(".js"))) {
      assert.doesNotMatch(textOf(`extension/${file}`),
        /onMessageExternal|onConnectExternal|\bfetch\(|XMLHttpRequest|WebSocket/, file);
    }
  });
});
