/**
 * Whose something is, in the person's words.
 */

import { inSentence } from "./addresses.js";

/** @import { Discovery } from "../conversation/messages.js" */
/** @import { Words } from "./words.js" */

/**
 * What sites are called, by the host's names for them (host/flattr_host/discovery/sites.toml), where
 * that is not the name itself.
 */
const SITES = new Map(Object.entries({
  "0xacab.org": "0xacab",
  bandcamp: "Bandcamp",
  bitbucket: "Bitbucket",
  "code.forgejo.org": "Forgejo",
  "code.videolan.org": "VideoLAN GitLab",
  codeberg: "Codeberg",
  dailymotion: "Dailymotion",
  deviantart: "DeviantArt",
  facebook: "Facebook",
  flickr: "Flickr",
  "framagit.org": "Framagit",
  "git.disroot.org": "Disroot Git",
  "gitea.com": "Gitea",
  github: "GitHub",
  gitlab: "GitLab",
  "gitlab.alpinelinux.org": "Alpine Linux GitLab",
  "gitlab.archlinux.org": "Arch Linux GitLab",
  "gitlab.freedesktop.org": "freedesktop.org GitLab",
  "gitlab.gnome.org": "GNOME GitLab",
  "gitlab.torproject.org": "Tor Project GitLab",
  "gitlab.wikimedia.org": "Wikimedia GitLab",
  "gitlab.xfce.org": "Xfce GitLab",
  instagram: "Instagram",
  "invent.kde.org": "KDE Invent",
  linkedin: "LinkedIn",
  livejournal: "LiveJournal",
  medium: "Medium",
  "projects.blender.org": "Blender Projects",
  pypi: "PyPI",
  "salsa.debian.org": "Debian Salsa",
  soundcloud: "SoundCloud",
  tumblr: "Tumblr",
  twitch: "Twitch",
  twitter: "Twitter",
  vimeo: "Vimeo",
  wikipedia: "Wikipedia",
  wordpress: "WordPress.com",
  youtube: "YouTube",
}));

/**
 * @param {string} username of Flattr; or as the ledger names who is known otherwise: `github:alice` by
 *   a site, `fid:…` by an id that nobody can look up any more
 * @param {Words} words
 * @returns {string}
 */
export function byOwner(username, words) {
  const { name, site, isUnnamed } = partsOf(username);
  if (isUnnamed) return words.say("page_by_unnamed_text");
  return site
    ? words.say("page_by_site_text", inSentence(name), inSentence(site))
    : words.say("page_by_text", inSentence(name));
}

/**
 * Whose the thing would be, for a line of its own; empty where nothing tells.
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string}
 */
export function ownerLine({ user_id: user, fid, site, site_label: label, owner }, words) {
  if (user) return byOwner(user, words);
  if (fid) return words.say("page_by_unnamed_text");
  if (!owner) return "";
  return words.say("page_by_site_text", inSentence(owner), inSentence(label || site || ""));
}

/**
 * A user's name within a sentence; empty for one that nobody can look up any more.
 * @param {string | null | undefined} username as in {@link byOwner}
 * @returns {string}
 */
export function nameOfUser(username) {
  const { name, site, isUnnamed } = partsOf(username ?? "");
  if (isUnnamed) return "";
  return inSentence(site ? `${name} (${site})` : name);
}

/** @param {string} username */
function partsOf(username) {
  const [place = "", name] = username.split(":", 2);
  return name
    ? { name, site: SITES.get(place) ?? place, isUnnamed: place === "fid" }
    : { name: username, site: "", isUnnamed: false };
}
