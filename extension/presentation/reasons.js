/**
 * Why something is what would be flattred, or why nothing can be, as a sentence in the person's
 * language. Reasons, sites and kinds are the host's words (docs/discovery.md); where one has no
 * sentence here yet, or its sentence lacks the owner, the host's own sentence is shown, in English.
 */

/** @import { Discovery } from "../conversation/messages.js" */
/** @import { Words } from "./words.js" */

/** Keys of sentences that name the owner on that site. */
const SITES = new Map(Object.entries({
  "github commit": "reason_github_commit_sentence",
  "github gist": "reason_github_gist_sentence",
  "github profile": "reason_github_profile_sentence",
  "github repository": "reason_github_repository_sentence",
  "soundcloud profile": "reason_soundcloud_profile_sentence",
  "soundcloud set": "reason_soundcloud_set_sentence",
  "soundcloud track": "reason_soundcloud_track_sentence",
  "twitter profile": "reason_twitter_profile_sentence",
  "twitter tweet": "reason_twitter_tweet_sentence",
}));

/** Keys of sentences for what its address gives no owner of. */
const OWNERLESS_SITES = new Map(Object.entries({
  "github gist": "reason_github_anonymous_gist_sentence",
  "instagram photo": "reason_instagram_photo_sentence",
}));

/** Keys of sentences that name a user of Flattr. */
const USERS = new Map(Object.entries({
  autosubmit: "reason_autosubmit_sentence",
  payment: "reason_payment_sentence",
  profile: "reason_profile_sentence",
}));

/** Keys of sentences that name nobody. */
export const PLAIN = new Map(Object.entries({
  thing: "reason_thing_sentence",

  bad_owner: "reason_bad_owner_sentence",
  bad_target: "reason_bad_target_sentence",
  credentials: "reason_credentials_sentence",
  malformed_url: "reason_malformed_url_sentence",
  no_owner: "reason_no_owner_sentence",
  no_target: "reason_no_target_sentence",
  not_http: "reason_not_http_sentence",
  too_long: "reason_too_long_sentence",
  unknown_page: "reason_unknown_page_sentence",
}));

/** Keys of sentences for why the person is asked first. */
export const CAUTIONS = new Map(Object.entries({
  other_host: "popup_caution_other_host_sentence",
  other_owner: "popup_caution_other_owner_sentence",
  several_payees: "popup_caution_several_payees_sentence",
}));

/**
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string | null | undefined}
 */
export function cautionOf({ caution, caution_reason: reason, user_id: user, fid }, words) {
  const key = CAUTIONS.get(reason ?? "");
  return key ? words.say(key, user ?? fid ?? "") : caution;
}

/**
 * @param {Discovery} discovery
 * @param {Words} words
 * @returns {string}
 */
export function why(discovery, words) {
  const { reason, part_of: whole, explanation } = discovery;
  if (reason === "part_of" && whole) {
    return words.say("reason_part_of_sentence", why(whole, words));
  }
  const [key, name] = reason === "site" ? ofSite(discovery) : ofReason(discovery);
  return key ? words.say(key, name ?? "") : explanation;
}

/**
 * @param {Discovery} discovery
 * @returns {[key: string | undefined, owner?: string]}
 */
function ofSite({ site, kind, owner }) {
  const thing = `${site} ${kind}`;
  return owner ? [SITES.get(thing), owner] : [OWNERLESS_SITES.get(thing)];
}

/**
 * @param {Discovery} discovery
 * @returns {[key: string | undefined, user?: string]}
 */
function ofReason({ reason, user_id: user }) {
  const named = USERS.get(reason);
  return named && user ? [named, user] : [PLAIN.get(reason)];
}
