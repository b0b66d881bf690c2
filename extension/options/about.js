/**
 * Versions, and the report for who tells of a defect: shown before it is copied.
 */

import * as messages from "../conversation/messages.js";
import { byId } from "../presentation/dom.js";
import { PREFERENCES, prefers } from "../state/preferences.js";
import { reportOf } from "../state/report.js";
import { accountTrouble } from "./account.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Answer } from "../conversation/messages.js" */
/** @import { Words } from "../presentation/words.js" */

/**
 * @param {Words} words
 * @param {HostConnection} connection
 */
export async function startAbout(words, connection) {
  byId("extension-version").textContent = browser.runtime.getManifest().version;
  byId("report-copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("report-text").textContent ?? "");
    byId("report-status").textContent = words.say("popup_copied_button");
  });
  byId("report").addEventListener("toggle", () => write(words, connection));
  const { host_version } = valuesOf(await connection.greet());
  byId("host-version").textContent = host_version || words.say("options_no_host_label");
}

/**
 * @param {Words} words
 * @param {HostConnection} connection
 */
async function write(words, connection) {
  byId("report-status").textContent = "";
  const [greeting, account, { os }, granted, name, wanted] = await Promise.all([
    connection.greet(), connection.request(messages.account("account")),
    browser.runtime.getPlatformInfo(), browser.permissions.getAll(), browserName(), whatIsWanted()]);
  const host = valuesOf(greeting);
  const { api_url = "", token_place } = valuesOf(account);
  byId("report-text").textContent = reportOf({
    extension: browser.runtime.getManifest().version,
    browser: name,
    os,
    language: words.language,
    host: host.host_version ?? "",
    protocol: host.protocol,
    features: host.features ?? [],
    apiUrl: api_url,
    tokenPlace: token_place ?? "",
    preferences: wanted,
    permissions: [...granted.permissions ?? [], ...granted.origins?.length ? ["hosts"] : []],
    trouble: codeOf(greeting) || codeOf(account) || accountTrouble(),
  });
}

async function whatIsWanted() {
  const wanted = await Promise.all(PREFERENCES.map(prefers));
  return PREFERENCES.filter((_, place) => wanted[place]);
}

/**
 * @param {Answer} answer
 * @returns {Partial<messages.Done>}
 */
function valuesOf(answer) {
  return answer.type === "done" ? answer : {};
}

/** @param {Answer} answer */
function codeOf(answer) {
  return answer.type === "error" ? answer.code : "";
}

/** Firefox tells its name, Chromium and its kin only what they are made of. */
async function browserName() {
  const { getBrowserInfo } = /** @type {{ getBrowserInfo?: () => Promise<{ name: string, version: string }> }} */ (
    browser.runtime);
  if (getBrowserInfo) {
    const { name, version } = await getBrowserInfo();
    return `${name} ${version}`;
  }
  const [, name = "", version = ""] = /(Edg|OPR|Chrome)\/(\d+)/.exec(navigator.userAgent) ?? [];
  return `${name} ${version}`;
}
