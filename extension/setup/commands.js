/**
 * What a person types to install the program, to update it, and to find out what is wrong. Each line
 * for Linux was typed into an empty home; docs/installing.md has them too.
 */

/**
 * @typedef {object} Way
 * @property {"folder" | "pipx"} by
 * @property {string} install
 * @property {string} update
 * @property {string} doctor
 * @property {string} program what is installed, as a shell finds it; empty where that is not certain
 */

/**
 * The one command installs, and updates to what is in the folder.
 * @param {string} python
 * @param {string} program
 * @returns {Way}
 */
function byFolder(python, program) {
  const install = `${python} install.py`;
  return { by: "folder", install, update: install, doctor: `${install} doctor`, program };
}

/** By its whole path: what pipx installs is in no PATH before the next login. */
const PIPX_PROGRAM = "~/.local/bin/flattr-host";

/** @type {Readonly<Way>} */
const BY_PIPX = Object.freeze({
  by: "pipx",
  install: `pipx install flattr-host && ${PIPX_PROGRAM} register`,
  update: `pipx upgrade flattr-host && ${PIPX_PROGRAM} register`,
  doctor: `${PIPX_PROGRAM} doctor`,
  program: PIPX_PROGRAM,
});

/** @type {Readonly<Record<string, string>>} */
const PROGRAMS = Object.freeze({
  mac: '"$HOME/Library/Application Support/flattr-host/environment/current/bin/flattr-host"',
  win: "",
});
const PROGRAM = "~/.local/share/flattr-host/environment/current/bin/flattr-host";

/**
 * The ways on this system, the likely one first. Who loaded the extension by hand has the folder
 * that both are in; who has it from a store has no folder.
 * @param {string} os as `runtime.getPlatformInfo` has it
 * @param {boolean} isByHand
 * @returns {Way[]}
 */
export function waysFor(os, isByHand) {
  const folder = byFolder(os === "win" ? "py" : "python3", PROGRAMS[os] ?? PROGRAM);
  if (os === "win") return [folder];
  return isByHand ? [folder, BY_PIPX] : [BY_PIPX, folder];
}

/**
 * Makes the program known to a browser that it does not know itself.
 * @param {Way} way
 * @param {"gecko" | "chromium"} family
 */
export function registering({ program }, family) {
  return program && `${program} register --manifest-dir FOLDER --family ${family}`;
}
