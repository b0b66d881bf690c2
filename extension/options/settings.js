/**
 * The host's settings that are about flattring. The host has them, and says what is wrong with a value.
 */

import * as messages from "../conversation/messages.js";
import { byId } from "../presentation/dom.js";
import { troubleOf } from "../presentation/trouble.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Answer, Settings } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */

const seconds = /** @type {HTMLInputElement} */ (byId("undo-seconds"));
const readLinks = /** @type {HTMLInputElement} */ (byId("read-links"));
const ownNames = /** @type {HTMLInputElement} */ (byId("own-usernames"));
const fields = [seconds, readLinks, ownNames];

/** @type {Words} */
let words;
/** @type {HostConnection} */
let connection;

/**
 * @param {Words} given
 * @param {HostConnection} to
 */
export async function startSettings(given, to) {
  [words, connection] = [given, to];
  seconds.addEventListener("change", () => {
    // Empty is no number, and an emptied field no wish for 0.
    if (seconds.value === "") return void read();
    change(seconds, { undo_seconds: Number(seconds.value) });
  });
  readLinks.addEventListener("change", () => change(readLinks, { read_links: readLinks.checked }));
  ownNames.addEventListener("change", () => change(ownNames, { own_usernames: namesIn(ownNames.value) }));
  window.addEventListener("focus", read);
  await read();
}

/** @param {string} text */
function namesIn(text) {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Without the host there is nothing to set, and where the flattrs go says why. */
async function read() {
  if (fields.some((field) => field === document.activeElement)) return;
  const answer = await connection.request(messages.settings());
  if (answer.type === "done") show(answer);
  for (const field of fields) field.disabled = answer.type === "error";
}

/** @param {Partial<Settings>} settings */
function show({ undo_seconds = 0, read_links = false, own_usernames = [] }) {
  seconds.value = String(undo_seconds);
  readLinks.checked = read_links;
  ownNames.value = own_usernames.join(", ");
}

/**
 * @param {HTMLInputElement} field
 * @param {Partial<Settings>} settings
 */
async function change(field, settings) {
  const answer = await connection.request(messages.changeSettings(settings));
  if (answer.type === "done") show(answer);
  field.setAttribute("aria-invalid", String(answer.type === "error"));
  byId("settings-wrong").textContent = wrongIn(answer);
  byId("settings-status").textContent = answer.type === "done" ? words.say("options_saved_label") : "";
}

/**
 * What is wrong stays in its field, to be mended.
 * @param {Answer} answer
 */
function wrongIn(answer) {
  if (answer.type === "done") return "";
  const isTooMany = answer.code === "invalid_request";
  return isTooMany ? words.say("options_value_wrong_sentence") : troubleOf(answer, words).sentence;
}
