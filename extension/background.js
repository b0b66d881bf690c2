/**
 * The background: only says which event goes where. Service worker in Chromium, event page in
 * Firefox; both are stopped when idle, so the listeners are set at once and nothing is kept here.
 */

import { clickButton } from "./gestures/flattr_gesture.js";
import { welcome } from "./gestures/first_run.js";
import * as glances from "./gestures/glances.js";
import { chooseMenu, makeMenus } from "./gestures/menus.js";
import { sendAtStart } from "./gestures/outbox.js";
import { hearHistory } from "./gestures/history_messages.js";
import { hearNotifications } from "./gestures/notifications.js";
import { hearPopup } from "./gestures/popup_messages.js";
import { hearPort } from "./gestures/popup_port.js";
import { colourText, forgetButton } from "./presentation/toolbar.js";
import { navigated } from "./state/tab_machine.js";
import * as tabs from "./state/tab_store.js";

browser.action.onClicked.addListener((tab) => {
  if (tab.id !== undefined) clickButton({ ...tab, id: tab.id });
});

browser.contextMenus.onClicked.addListener(chooseMenu);

browser.runtime.onInstalled.addListener(makeMenus);

browser.runtime.onInstalled.addListener(welcome);

browser.runtime.onStartup.addListener(() => {
  makeMenus();
  sendAtStart();
});

browser.runtime.onMessage.addListener((message, sender) => {
  hearPopup(message, sender);
  hearHistory(message, sender);
});

browser.runtime.onConnect.addListener(hearPort);

browser.tabs.onUpdated.addListener(async (tabId, change) => {
  if (change.status === "complete" || change.url) glances.glanceSoon(tabId);
  if (!change.status) return;
  forgetButton(tabId);
  const state = await tabs.amend(tabId, (before) => navigated(before, change));
  // The browser resets the button of a tab when a document is replaced; a flattr goes on.
  if (state) await tabs.showAgain(tabId);
});

browser.tabs.onActivated.addListener(({ tabId }) => glances.glanceSoon(tabId));

browser.tabs.onRemoved.addListener(tabs.forget);

browser.storage.local.onChanged.addListener(glances.hearPreference);

browser.permissions.onRemoved.addListener(glances.hearWithdrawal);

// There is nothing to listen to before the person has allowed notifications.
browser.permissions.onAdded.addListener(hearNotifications);
hearNotifications();

colourText();
tabs.endAllOrphans();
