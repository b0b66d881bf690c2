/**
 * What is stored where.
 */

import { byId, findFolders, make } from "../presentation/dom.js";

/** @import { Account } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */

/**
 * @param {Account | null} account
 * @param {Words} words
 */
export async function showPlaces(account, words) {
  const { config, data, state } = await findFolders();
  const isInKeyring = account?.token_place === "keyring";
  /** @type {[key: string, place: string][]} */
  const rows = [
    ["options_stored_history_label", account?.username ? "" : `${data}ledger.sqlite3`],
    ["options_stored_outbox_label", `${data}outbox.sqlite3`],
    ["options_stored_settings_label", `${config}settings.toml`],
    ["options_stored_token_label", isInKeyring ? "" : `${data}private/token.json`],
    ["options_stored_log_label", `${state}flattr-host.log`],
  ];
  const elsewhere = new Map(Object.entries({
    options_stored_history_label: "options_stored_server_text",
    options_stored_token_label: "options_stored_keyring_text",
  }));
  byId("stored").replaceChildren(...rows.flatMap(([key, place]) => {
    const value = make("dd", "");
    if (place) value.append(make("code", "", place));
    else value.textContent = words.say(elsewhere.get(key) ?? "");
    return [make("dt", "", words.say(key)), value];
  }));
}
