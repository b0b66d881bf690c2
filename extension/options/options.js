/**
 * The options page: each of its parts has a module of its own.
 */

import { connectionToHost } from "../conversation/native_host.js";
import { fillWords, findLogPlace } from "../presentation/dom.js";
import { wordsOf } from "../presentation/words.js";
import { startAbout } from "./about.js";
import { startAccount } from "./account.js";
import { startPreferences } from "./preferences.js";
import { startSettings } from "./settings.js";
import { showShortcut } from "./shortcut.js";
import { showPlaces } from "./storage.js";

async function start() {
  const words = wordsOf(browser.i18n.getMessage);
  fillWords(words);
  const connection = connectionToHost();
  const logPlace = await findLogPlace();
  const about = startAbout(words, connection);
  const settings = startSettings(words, connection);
  await Promise.all([
    startPreferences(words),
    showShortcut(words),
    startAccount({ words, connection, logPlace, onAccount: (account) => showPlaces(account, words) }),
    settings,
    about,
  ]);
}

start();
