/**
 * Whose something is, in the person's words.
 */

/** @import { Words } from "./words.js" */

/** What sites call themselves, by the host's names for them (host/flattr_host/discovery/sites.toml). */
const SITES = new Map(Object.entries({
  github: "GitHub",
  instagram: "Instagram",
  soundcloud: "SoundCloud",
  twitter: "X",
}));

/**
 * @param {string} username of Flattr; or as the ledger names who is known otherwise: `github:alice` by
 *   a site, `fid:…` by an id that nobody can look up any more
 * @param {Words} words
 * @returns {string}
 */
export function byOwner(username, words) {
  const [place = "", name] = username.split(":", 2);
  if (!name) return words.say("history_by_text", username);
  if (place === "fid") return words.say("history_by_unnamed_text");
  return words.say("history_by_site_text", name, SITES.get(place) ?? place);
}
