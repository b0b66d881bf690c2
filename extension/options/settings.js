/**
 * The host's settings that are about flattring. The host keeps them, and says whether a value can be.
 */

import * as messages from "../conversation/messages.js";
import { byId } from "../presentation/dom.js";
import { troubleOf } from "../presentation/trouble.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Failure, Settings } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */

/**
 * @typedef {object} Row a setting on the page; below its field there is room for what is said of it
 * @property {keyof Settings} name
 * @property {HTMLInputElement} field
 * @property {() => Partial<Settings>} read
 * @property {(settings: Settings) => void} show
 */

const seconds = /** @type {HTMLInputElement} */ (byId("undo-seconds"));
const readLinks = /** @type {HTMLInputElement} */ (byId("read-links"));
const ownNames = /** @type {HTMLInputElement} */ (byId("own-usernames"));

/** @type {readonly Row[]} */
const ROWS = [{
  name: "undo_seconds",
  field: seconds,
  read: () => ({ undo_seconds: Number(seconds.value) }),
  show: ({ undo_seconds }) => { seconds.value = String(undo_seconds); },
}, {
  name: "read_links",
  field: readLinks,
  read: () => ({ read_links: readLinks.checked }),
  show: ({ read_links }) => { readLinks.checked = read_links; },
}, {
  name: "own_usernames",
  field: ownNames,
  read: () => ({ own_usernames: ownNames.value.split(/[\s,]+/).filter(Boolean) }),
  show: ({ own_usernames }) => { ownNames.value = own_usernames.join(", "); },
}];

/** @type {Words} */
let words;
/** @type {HostConnection} */
let connection;
/** @type {Settings | null} as the host told them last */
let known = null;

/**
 * @param {Words} given
 * @param {HostConnection} to
 */
export async function startSettings(given, to) {
  [words, connection] = [given, to];
  for (const row of ROWS) row.field.addEventListener("change", () => change(row));
  window.addEventListener("focus", ask);
  await ask();
}

/**
 * Without the host, of which the account tells, there is nothing to set. What the person types meanwhile
 * is left alone.
 */
async function ask() {
  const answer = await connection.request(messages.settings());
  const isTold = answer.type === "done";
  byId("settings-unread").textContent = isTold || !answer.message ? "" : troubleOf(answer, words).sentence;
  for (const row of ROWS) row.field.disabled = !isTold;
  if (!isTold) return;
  known = settingsOf(answer);
  for (const row of ROWS) {
    const isBeingMended = row.field.ariaInvalid === "true";
    if (row.field !== document.activeElement && !isBeingMended) row.show(known);
  }
}

/** @param {Row} row */
async function change(row) {
  // Empty is no number, and an emptied field no wish for 0.
  if (row.field === seconds && seconds.value === "" && known) {
    row.show(known);
    return say(row, "");
  }
  const answer = await connection.request(messages.changeSettings(row.read()));
  if (answer.type === "error") return say(row, whyNot(row, answer), true);
  known = settingsOf(answer);
  row.show(known);
  say(row, words.say("options_saved_label"));
}

/**
 * What cannot be stays in its field, to be mended; a box has nothing to mend.
 * @param {Row} row
 * @param {Failure} failure
 */
function whyNot(row, failure) {
  if (row.field === readLinks && known) row.show(known);
  const isAboutValue = failure.code === "invalid_request" || failure.detail?.startsWith(row.name);
  return isAboutValue ? words.say("options_value_wrong_sentence") : troubleOf(failure, words).sentence;
}

/**
 * @param {Row} row
 * @param {string} text
 * @param {boolean} [isWrong]
 */
function say({ field }, text, isWrong = false) {
  for (const row of ROWS) {
    if (row.field.ariaInvalid !== "true") byId(`${row.field.id}-said`).textContent = "";
  }
  const said = byId(`${field.id}-said`);
  said.textContent = text;
  said.classList.toggle("wrong", isWrong);
  field.ariaInvalid = String(isWrong && field !== readLinks);
}

/** @param {Partial<Settings>} answer */
function settingsOf({ undo_seconds = 0, read_links = false, means = true, own_usernames = [] }) {
  return { undo_seconds, read_links, means, own_usernames };
}
