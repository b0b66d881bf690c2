/**
 * What the person set for the extension itself, in `storage.local`.
 */

const SEND_AT_START = "send_at_start";

/** Whether what waits is sent when the browser starts; not as long as nobody has said so. */
export async function sendsAtStart() {
  const found = await browser.storage.local.get(SEND_AT_START);
  return found[SEND_AT_START] === true;
}

/** @param {boolean} isWanted */
export function setSendsAtStart(isWanted) {
  return browser.storage.local.set({ [SEND_AT_START]: isWanted });
}
