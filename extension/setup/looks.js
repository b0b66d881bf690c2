/**
 * How each state of the set-up page is shown. One row a phase.
 */

/** @import { Phase } from "../state/setup_machine.js" */
/** @import { Way } from "./commands.js" */

/**
 * @typedef {object} Look
 * @property {"busy" | "next" | "old" | "trouble" | "good"} tone
 * @property {string} glyph
 * @property {string} heading key of the words
 * @property {string} sentence key of the words
 * @property {"install" | "update" | "doctor"} [command] what to type, the one thing that helps
 */

/**
 * @param {Look["tone"]} tone
 * @param {string} heading
 * @param {string} sentence
 * @param {Look["command"]} [command]
 * @returns {Look}
 */
function look(tone, heading, sentence, command) {
  return { tone, glyph: GLYPHS[tone], heading, sentence, command };
}

/** @type {Readonly<Record<Look["tone"], string>>} */
const GLYPHS = Object.freeze({ busy: "…", next: "↓", old: "↻", trouble: "!", good: "✓" });

/** @type {Readonly<Record<Phase, Look>>} */
export const LOOKS = Object.freeze({
  asking: look("busy", "setup_asking_heading", "setup_asking_sentence"),
  not_installed: look(
    "next", "setup_not_installed_heading", "setup_not_installed_sentence", "install"),
  broken: look("trouble", "setup_broken_heading", "setup_broken_sentence", "doctor"),
  caller_not_allowed: look(
    "trouble", "setup_caller_not_allowed_heading", "setup_caller_not_allowed_sentence", "install"),
  host_too_old: look("old", "setup_host_too_old_heading", "setup_host_too_old_sentence", "update"),
  extension_too_old: look(
    "old", "setup_extension_too_old_heading", "setup_extension_too_old_sentence"),
  unsupported: look("old", "setup_unsupported_heading", "setup_unsupported_sentence", "update"),
  works: look("good", "setup_works_heading", "setup_works_sentence"),
});

/** @type {Readonly<Record<NonNullable<Look["command"]>, string>>} what the command does */
export const EFFECTS = Object.freeze({
  install: "setup_install_text",
  update: "setup_update_text",
  doctor: "setup_doctor_text",
});

/** @type {Readonly<Record<Way["by"], Record<NonNullable<Look["command"]>, string>>>} */
const PLACES = Object.freeze({
  folder: {
    install: "setup_install_folder_label",
    update: "setup_update_folder_label",
    doctor: "setup_doctor_folder_label",
  },
  pipx: {
    install: "setup_install_pipx_label",
    update: "setup_install_pipx_label",
    doctor: "setup_doctor_label",
  },
});

/**
 * Where the command is typed.
 * @param {NonNullable<Look["command"]>} command
 * @param {Way["by"]} by
 */
export function placeOf(command, by) {
  return PLACES[by][command];
}
