/**
 * Why something is what would be flattred, or why nothing can be, as a sentence in the person's
 * language. Reasons and kinds are the host's words (docs/discovery.md, discovery/sites.toml); where
 * one has no sentence here yet, the host's own sentence is shown, in English.
 */

import { inSentence } from "./addresses.js";
import { nameOfWhole } from "./names.js";
import { nameOfUser, ownerLine } from "./owners.js";

/** @import { Discovery } from "../conversation/messages.js" */
/** @import { Words } from "./words.js" */

/**
 * The kinds of things on sites. Each has the words `reason_site_KIND_sentence`, with owner and site;
 * `reason_site_KIND_unowned_sentence`, with the site; and `reason_site_KIND_text`, the thing itself
 * as one speaks of it beside the button.
 */
export const KINDS = new Set([
  "album", "art", "article", "channel", "commit", "company", "gist", "journal", "package", "photo",
  "post", "profile", "project", "repository", "set", "track", "tweet", "video",
]);

/**
 * Keys of sentences that name a user of Flattr, and of those for where nobody is named.
 * @type {ReadonlyMap<string, [named: string, unnamed: string]>}
 */
const USERS = new Map(Object.entries({
  autosubmit: ["reason_autosubmit_sentence", "reason_autosubmit_unnamed_sentence"],
  button: ["reason_button_sentence", "reason_button_unnamed_sentence"],
  payment: ["reason_payment_sentence", "reason_payment_unnamed_sentence"],
  profile: ["reason_profile_sentence", "reason_profile_unnamed_sentence"],
  registered: ["reason_registered_sentence", "reason_registered_unnamed_sentence"],
}));

/** Keys of sentences that name nobody. */
const PLAIN = new Map(Object.entries({
  thing: "reason_thing_sentence",

  bad_owner: "reason_bad_owner_sentence",
  bad_target: "reason_bad_target_sentence",
  credentials: "reason_credentials_sentence",
  malformed_url: "reason_malformed_url_sentence",
  no_owner: "reason_no_owner_sentence",
  no_target: "reason_no_target_sentence",
  not_http: "reason_not_http_sentence",
  private_address: "reason_private_address_sentence",
  too_long: "reason_too_long_sentence",
  unknown_page: "reason_unknown_page_sentence",
  unread_page: "reason_unread_page_sentence",
}));

/** Keys of sentences for what the person can do where nothing can be flattred. */
const ADVICE = new Map(Object.entries({
  bad_owner: "reason_bad_link_advice_sentence",
  bad_target: "reason_bad_link_advice_sentence",
  credentials: "reason_credentials_advice_sentence",
  malformed_url: "reason_malformed_url_advice_sentence",
  no_owner: "reason_bad_link_advice_sentence",
  no_target: "reason_bad_link_advice_sentence",
  not_http: "reason_not_http_advice_sentence",
  part_of: "reason_part_of_advice_sentence",
  private_address: "reason_private_address_advice_sentence",
  too_long: "reason_too_long_advice_sentence",
  unknown_page: "reason_unknown_page_advice_sentence",
  unread_page: "reason_unread_page_advice_sentence",
}));

/** Keys of sentences for why the person is asked first. */
export const CAUTIONS = new Map(Object.entries({
  ask_first: "popup_caution_ask_first_sentence",
  only_linked: "popup_caution_only_linked_sentence",
  other_host: "popup_caution_other_host_sentence",
  other_owner: "popup_caution_other_owner_sentence",
  several_payees: "popup_caution_several_payees_sentence",
  several_things: "popup_caution_several_things_sentence",
}));

/** Of these, those that are about all offers together. */
export const SEVERAL_CAUTIONS = new Set(["several_payees", "several_things"]);

/**
 * @param {Discovery} discovery
 * @param {"page" | "link"} source
 * @param {Words} words
 * @returns {string} empty where there is no reason to ask
 */
export function cautionOf({ caution, caution_reason: reason, user_id: user, fid }, source, words) {
  const key = reason === "other_host" && source === "link"
    ? "popup_caution_other_host_link_sentence"
    : CAUTIONS.get(reason ?? "");
  return key ? words.say(key, nameOfUser(user) || (fid ?? "")) : caution ?? "";
}

/**
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string}
 */
export function why(discovery, words) {
  const { reason, part_of: whole, explanation, user_id: user } = discovery;
  if (reason === "part_of" && whole) {
    return words.say("reason_part_of_sentence", inSentence(nameOfWhole(whole)));
  }
  if (reason === "site") return ofSite(discovery, words) ?? explanation;
  const name = nameOfUser(user);
  const [named] = USERS.get(reason) ?? [];
  if (!named) return whence(discovery, words);
  if (name) return words.say(named, name);
  const owner = discovery.owner ? ofSite(discovery, words) : ownerLine(discovery, words);
  return [whence(discovery, words), owner].filter(Boolean).join(" · ");
}

/**
 * @param {string} reason why nothing can be flattred
 * @param {Words} words
 * @returns {string} empty where there is nothing to be done
 */
export function advice(reason, words) {
  const key = ADVICE.get(reason);
  return key ? words.say(key) : "";
}

/**
 * Where it comes from that this would be flattred, without a word on whose it is.
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string}
 */
export function whence(discovery, words) {
  const { reason, explanation, fid } = discovery;
  if (reason === "site") return ofSite({ ...discovery, owner: null }, words) ?? explanation;
  if (reason === "flattr_id" && fid) {
    return words.say("reason_flattr_id_sentence", inSentence(fid));
  }
  const [, unnamed] = USERS.get(reason) ?? [];
  const key = unnamed ?? PLAIN.get(reason);
  return key ? words.say(key) : explanation;
}

/**
 * What one would flattr, as the object of the sentence: "the repository".
 * @param {Discovery} discovery
 * @param {Words} words
 */
export function nounOf({ kind }, words) {
  return kind && KINDS.has(kind)
    ? words.say(`reason_site_${kind}_text`)
    : words.say("reason_site_unknown_text");
}

/**
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string | null} null for a kind that is not known here
 */
function ofSite({ site, site_label: label, kind, owner }, words) {
  if (!kind || !KINDS.has(kind)) return null;
  const name = inSentence(label || site || "");
  return owner
    ? words.say(`reason_site_${kind}_sentence`, inSentence(owner), name)
    : words.say(`reason_site_${kind}_unowned_sentence`, name);
}
