/**
 * What the host has written down of flattrs that are not settled: asked for, sent on, and told.
 *
 * Nothing here starts a host by itself: each call follows a gesture, or something that the person
 * did in the popup. The one exception is theirs too, and off until they say so: `sendAtStart`.
 */

import * as messages from "../conversation/messages.js";
import { NEEDS_PERSON, mayHaveArrived, outcomeOf } from "../state/entry_outcome.js";
import * as gestures from "../state/gesture.js";
import { prefers } from "../state/preferences.js";
import { withEntries, withNews, withoutNews } from "../state/tab_machine.js";
import * as tabs from "../state/tab_store.js";
import { connection } from "./host.js";

/** @import { Answer, Entry } from "../conversation/messages.js" */
/** @import { Gesture, Outcome } from "../state/gesture.js" */

/** The host forgets what ended after a day; so long it surely remembers, whatever the clocks do. */
const REMEMBERED_MS = 12 * 60 * 60_000;

/** In `storage.session`: why sending stopped, as the person was told last. */
const STOP_TOLD = "outbox_stop_told";

/**
 * After a gesture, while its host is running anyway: sends what else is due, and tells in this tab
 * what the person has not been told.
 * @param {number} tabId
 */
export async function sendWaiting(tabId) {
  if (!connection.isOpen || !(await connection.knows("outbox"))) return;
  await resolveOrphans(tabId);
  const { answer } = await send(messages.outboxSend());
  if (answer.type === "error") return;
  await tellStop(tabId, answer.code ?? "", answer.message);
  if (answer.news) await readOutbox(tabId);
}

/** At the start of the browser, for whom wants that. */
export async function sendAtStart() {
  if (!await prefers("send_at_start") || !await connection.knows("outbox")) return;
  await send(messages.outboxSend());
}

/**
 * The person has seen how these ended: the host need not say so again, nor any other tab. They are
 * not told by being read here, since a browser may be closed before anybody looked.
 * @param {string[]} seen what the outbox calls them
 * @param {number} [inTab] where they stay to be read on
 */
export async function tellSeen(seen, inTab) {
  if (seen.length === 0) return;
  await tabs.amendAll((state, tabId) => tabId === inTab ? state : withoutNews(state, seen));
  if (await connection.knows("outbox_told")) await connection.request(messages.outboxTold(seen));
}

/**
 * The end of a gesture whose host was lost, or whose background was, as the next host finds it
 * written down. Where nothing was written, nothing was sent; unless it was so long ago that it may
 * have been, and be forgotten.
 * @param {number} tabId
 * @param {Pick<Gesture, "id" | "started" | "url" | "outcome">} gesture
 * @returns {Promise<Outcome | null>} null where no host can tell
 */
export async function whatBecameOf(tabId, { id, started, url, outcome }) {
  const entries = await readOutbox(tabId);
  const name = outcome?.entry ?? id;
  const entry = entries?.find(({ gesture }) => gesture === name)
    // The same flattr is not written down twice, as long as the first one waits.
    ?? entries?.find((one) => one.state === "pending" && one.url === url);
  // Its own host is gone, and so is the one that could have sent it.
  if (entry?.state === "grace") return { code: "interrupted", entry: name };
  if (entry) return outcomeOf(entry);
  if (!entries) return null;
  return { code: Date.now() - started < REMEMBERED_MS ? "never_sent" : "forgotten" };
}

/**
 * Finds out how the gestures ended that an earlier background had under way.
 * @param {number} tabId
 */
export async function resolveOrphans(tabId) {
  const state = await tabs.read(tabId);
  for (const orphan of (state?.gestures ?? []).filter(gestures.isOrphaned)) {
    const outcome = await whatBecameOf(tabId, orphan);
    if (!outcome) return;
    await tabs.amendGesture(tabId, orphan.id, (now) =>
      gestures.isOrphaned(now) ? gestures.ended(now, outcome) : now);
  }
}

/**
 * The person wants now what was kept for later.
 * @param {number} tabId
 * @param {string} id
 */
export async function retry(tabId, id) {
  const before = await takeKept(tabId, id);
  if (!before) return;
  const name = before.outcome?.entry ?? id;
  const { answer, changed } = await send(messages.outboxSend(name));
  const entry = changed.findLast(({ gesture }) => gesture === name);
  const outcome = entry ? outcomeOf(entry) : await outcomeWithout(tabId, before, answer);
  await tabs.amendGesture(tabId, id, (now) => gestures.ended(now, outcome));
}

/**
 * The person does not want any more what was kept, or has seen how something ended.
 * @param {number} tabId
 * @param {string} id
 */
export async function forget(tabId, id) {
  const gesture = (await tabs.read(tabId))?.gestures.find((one) => one.id === id);
  if (!gesture?.outcome?.entry) return;
  const answer = await connection.request(messages.outboxRemove(gesture.outcome.entry));
  if (!gestures.isKept(gesture)) return tabs.amendGesture(tabId, id, () => null);
  const isRemoved = answer.type === "done" && answer.removed === true;
  const outcome = isRemoved
    ? cancelledOutcome(gesture) : await outcomeWithout(tabId, gesture, answer);
  return tabs.amendGesture(tabId, id, (now) => gestures.ended(now, outcome));
}

/**
 * Marks something kept as being sent.
 * @param {number} tabId
 * @param {string} id
 * @returns {Promise<Gesture | null>} as it was before; null where it is not kept (any more)
 */
async function takeKept(tabId, id) {
  /** @type {Gesture | null} */
  let before = null;
  await tabs.amendGesture(tabId, id, (now) => {
    if (!gestures.isKept(now)) return now;
    before = now;
    return gestures.resent(now, tabs.RUN);
  });
  return before;
}

/**
 * It is not tried any more; but what was tried before may have arrived.
 * @param {Gesture} kept
 * @returns {Outcome}
 */
function cancelledOutcome({ outcome }) {
  return { code: mayHaveArrived(outcome?.reason) ? "cancelled_unsure" : "cancelled" };
}

/**
 * Where the answer itself does not say how something kept is now.
 * @param {number} tabId
 * @param {Gesture} kept
 * @param {Answer} answer
 * @returns {Promise<Outcome>}
 */
async function outcomeWithout(tabId, kept, answer) {
  const outcome = await whatBecameOf(tabId, kept);
  // It is in the outbox no more: somebody cancelled it elsewhere.
  if (outcome?.code === "never_sent") return cancelledOutcome(kept);
  if (outcome) return outcome;
  const reason = answer.type === "error" ? answer.code : kept.outcome?.reason;
  return { ...kept.outcome, code: "kept", reason, message: answer.message };
}

/**
 * @param {messages.OutboxSend} request
 * @returns {Promise<{ answer: Answer, changed: Entry[] }>}
 */
async function send(request) {
  /** @type {Entry[]} */
  const changed = [];
  const answer = await connection.request(request, ({ entries = [] }) => {
    changed.push(...entries);
    tabs.amendAll((state) => withEntries(state, entries));
  }, messages.OUTBOX_LIMIT_MS);
  return { answer, changed };
}

/**
 * What is written down. What is news in it is told in this tab, until the person has seen it here or
 * elsewhere.
 * @param {number} tabId
 * @returns {Promise<Entry[] | null>} null where no host can tell
 */
async function readOutbox(tabId) {
  if (!(await connection.knows("outbox"))) return null;
  /** @type {Entry[]} */
  const entries = [];
  /** @type {Answer} */
  let answer;
  let page = 1;
  do {
    answer = await connection.request(messages.outbox(page), (status) =>
      void entries.push(...(status.entries ?? [])));
    if (answer.type === "error") return null;
    page += 1;
  } while (answer.more);
  await tabs.amendAll((state) => withEntries(state, entries));
  const news = entries.filter(isEndedNews).map((entry) => gestures.newsOf(entry, tabs.RUN));
  if (news.length > 0) await tabs.amend(tabId, (state) => withNews(state, news));
  return entries;
}

/**
 * Says why sending stopped, once for each reason: not for every entry, and not after every gesture.
 * @param {number} tabId
 * @param {string} reason empty where it came to its end
 * @param {string} [message]
 */
async function tellStop(tabId, reason, message) {
  const found = await browser.storage.session.get(STOP_TOLD);
  const told = NEEDS_PERSON.has(reason) ? reason : "";
  if ((found[STOP_TOLD] ?? "") === told) return;
  await browser.storage.session.set({ [STOP_TOLD]: told });
  if (!told) return;
  const given = { id: messages.newId(), run: tabs.RUN, started: Date.now() };
  const notice = gestures.stoppedNotice(given, reason, message);
  await tabs.amend(tabId, (state) =>
    state.gestures.some(({ outcome }) => outcome?.reason === reason)
      ? state : withNews(state, [notice]));
}

/**
 * What waits is none: why it does is said once for all (`tellStop`).
 * @param {Entry} entry
 */
function isEndedNews({ is_news, state }) {
  return is_news && (state === "refused" || state === "interrupted");
}
