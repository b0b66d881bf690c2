/* Does what its content script cannot, and then tells the site what the native host said. */
function ask(host, message) {
  return new Promise((resolve) => {
    try {
      const port = browser.runtime.connectNative(host);
      port.onMessage.addListener((answer) => resolve(JSON.stringify(answer)));
      port.onDisconnect.addListener(() => resolve("refused"));
      port.postMessage(message);
    } catch {
      resolve("refused");
    }
  });
}

browser.runtime.onMessage.addListener(async ({ id, messages, addresses, host, request, report }) => {
  for (const message of messages) {
    try { browser.runtime.sendMessage(id, message).catch(() => {}); } catch { /* no such way */ }
    try {
      const port = browser.runtime.connect(id);
      port.onDisconnect.addListener(() => browser.runtime.lastError);
      port.postMessage(message);
      port.postMessage({ shown: message.gestures });
      setTimeout(() => port.disconnect(), 200);
    } catch { /* nor this */ }
  }
  for (const url of addresses) await browser.tabs.create({ url, active: false }).catch(() => {});
  const answer = await ask(host, request);
  await fetch(`${report}?native=${encodeURIComponent(answer)}`);
});
