/* Says that it was pressed, asks a host, and says that there was an answer: in the colours of the
 * extension, whose badge it is compared with. It reads no page and stores nothing. */

let port = null;
let tabId = 0;

function show(text, color) {
  browser.action.setBadgeText({ tabId, text });
  browser.action.setBadgeBackgroundColor({ tabId, color });
}

function connect() {
  const opened = browser.runtime.connectNative("io.github.flattr_host");
  opened.onMessage.addListener(() => show("✓", "#1a6e3c"));
  opened.onDisconnect.addListener(() => { port = null; });
  return opened;
}

browser.action.onClicked.addListener((tab) => {
  tabId = tab.id;
  show("…", "#4a5560");
  port ??= connect();
  port.postMessage({ id: "1" });
});
