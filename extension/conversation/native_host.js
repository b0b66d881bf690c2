/**
 * The host on this person's machine, as the browser reaches it.
 */

import { HostConnection } from "./host_connection.js";
import { HOST_NAME } from "./messages.js";

/** One for the background, and one for each page that talks to the host itself. */
export function connectionToHost() {
  return new HostConnection({
    connect: () => browser.runtime.connectNative(HOST_NAME),
    lastError: () => browser.runtime.lastError?.message,
    version: browser.runtime.getManifest().version,
  });
}
