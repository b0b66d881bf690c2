/**
 * The background's one connection to the host; all gestures share it.
 */

import { connectionToHost } from "../conversation/native_host.js";

export const connection = connectionToHost();
