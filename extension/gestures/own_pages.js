/**
 * Who may speak to the background: the popup, and the history page with the one thing that it has to
 * say. What opens the popup in a tab, or either in a frame, gets a page that nobody listens to; other
 * extensions and pages do not even reach `onMessage`.
 */

/** @typedef {{ id?: string, url?: string, frameId?: number, tab?: object }} Sender as browsers tell it */

/** @param {Sender} sender */
export function isPopup(sender) {
  return sender.tab === undefined && isPage(sender, "popup/popup.html");
}

/** @param {Sender} sender */
export function isHistory(sender) {
  return sender.frameId === 0 && isPage(sender, "history/history.html");
}

/**
 * @param {Sender} sender
 * @param {string} path
 */
function isPage({ id, url = "" }, path) {
  return id === browser.runtime.id && url.split(/[?#]/, 1)[0] === browser.runtime.getURL(path);
}
