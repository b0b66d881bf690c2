/**
 * What is stored where.
 */

import { EMBEDDED } from "../conversation/messages.js";
import { byId, findFolders, make } from "../presentation/dom.js";

/** @import { Account } from "../conversation/messages.js" */
/** @import { Folders } from "../presentation/dom.js" */
/** @import { Words } from "../presentation/words.js" */

/**
 * @param {Account | null} account null: nobody knows where its things are
 * @param {Words} words
 */
export async function showPlaces(account, words) {
  const folders = await findFolders();
  const code = (/** @type {string} */ place) => make("code", "", place);
  /** @type {[key: string, place: Node][]} */
  const rows = [
    ["options_stored_outbox_label", code(`${folders.data}outbox.sqlite3`)],
    ["options_stored_settings_label", code(`${folders.config}settings.toml`)],
    ["options_stored_log_label", code(`${folders.state}flattr-host.log`)],
  ];
  if (account) rows.unshift(...placesOf(account, folders, words));
  byId("stored-here").hidden = false;
  byId("stored").replaceChildren(...rows.flatMap(([key, place]) => {
    const value = make("dd", "");
    value.append(place);
    return [make("dt", "", words.say(key)), value];
  }));
}

/**
 * @param {Account} account
 * @param {Folders} folders
 * @param {Words} words
 * @returns {[key: string, place: Node][]}
 */
function placesOf({ api_url, token_place }, { data }, words) {
  const say = (/** @type {string} */ key) => document.createTextNode(words.say(key));
  const sign = data.at(-1);
  /** @type {[key: string, place: Node][]} */
  const rows = [["options_stored_history_label", api_url === EMBEDDED
    ? make("code", "", `${data}ledger.sqlite3`) : say("options_stored_server_text")]];
  if (token_place) {
    rows.push(["options_stored_token_label", token_place === "keyring"
      ? say("options_stored_keyring_text") : make("code", "", `${data}private${sign}token.json`)]);
  }
  return rows;
}
