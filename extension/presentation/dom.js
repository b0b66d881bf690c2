/**
 * Elements that several pages of the extension have. Text is only ever set as text: titles and
 * addresses come from pages, details from servers.
 */

/** @import { Words } from "./words.js" */

/**
 * Folders of the host, each with the sign that goes before a file's name (docs/settings.md).
 * @typedef {{ config: string, data: string, state: string }} Folders
 */

const MAC = "~/Library/Application Support/flattr-host/";
const WINDOWS = "%LOCALAPPDATA%\\flattr-host\\";

/** @type {Readonly<Record<string, Folders>>} */
const FOLDERS = Object.freeze({
  mac: { config: MAC, data: MAC, state: MAC },
  win: { config: WINDOWS, data: WINDOWS, state: WINDOWS },
});
/** @type {Readonly<Folders>} */
const XDG = Object.freeze({
  config: "~/.config/flattr-host/",
  data: "~/.local/share/flattr-host/",
  state: "~/.local/state/flattr-host/",
});

/** Where the host keeps its files on this system. */
export async function findFolders() {
  const { os } = await browser.runtime.getPlatformInfo();
  return FOLDERS[os] ?? XDG;
}

/** @returns {Promise<string>} where the host's log lies on this system */
export async function findLogPlace() {
  return `${(await findFolders()).state}flattr-host.log`;
}

/**
 * Gives the document its language, and each element with `data-words` the words of that key.
 * @param {Words} words
 */
export function fillWords(words) {
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
  for (const element of document.querySelectorAll("[data-words]")) {
    element.textContent = words.say(element.getAttribute("data-words") ?? "");
  }
}

/**
 * The element of this page with that id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id} in this page`);
  return element;
}

/**
 * @param {string} command
 * @param {Words} words
 */
export function commandElement(command, words) {
  const element = make("div", "command");
  const code = make("code", "", command);
  code.dir = "ltr";
  const copy = make("button", "", words.say("popup_copy_button"));
  copy.type = "button";
  copy.ariaLive = "polite"; // that it was copied is heard too
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    copy.textContent = words.say("popup_copied_button");
  });
  element.append(code, copy);
  return element;
}

/**
 * @param {string} logPlace
 * @param {Words} words
 */
export function logElement(logPlace, words) {
  const element = make("p", "log", `${words.say("popup_log_label")} `);
  const code = make("code", "", logPlace);
  code.dir = "ltr";
  element.append(code);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name of the class
 * @param {string} [text]
 */
export function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}
