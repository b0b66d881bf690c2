"""The extension in other languages, in a browser that stays in English: one that is written from
right to left, and one of long words.

A browser speaks to an extension in its own language, where the extension has it, and else in the
extension's default; so the extension tried here has no English, and another default.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .browser import wait_for
from .chromium import Chromium
from .display import Display
from .site import Site
from .stage import BESIDE_JS, EXTENSION, Stage, a_stage

DOCUMENT_JS = "[document.documentElement.lang, document.documentElement.dir]"
# An address reads from left to right everywhere, but stands where the lines around it begin.
ADDRESS_JS = """(({ dir }, { textAlign }) => [dir, textAlign])(
  document.querySelector(".thing-address"),
  getComputedStyle(document.querySelector(".thing-address")))"""
ELSEWHERE = "other.example.test"
TITLE = "Sourdough for patient people"


def only_in(language: str, place: Path) -> Path:
    """A copy of the extension that has but one language."""
    extension = shutil.copytree(EXTENSION, place / "extension")
    for folder in (extension / "_locales").iterdir():
        if folder.name != language:
            shutil.rmtree(folder)
    manifest = extension / "manifest.json"
    text = manifest.read_text("utf-8")
    assert '"default_locale": "en"' in text
    manifest.write_text(text.replace('"default_locale": "en"', f'"default_locale": "{language}"'))
    return extension


def words_of(language: str) -> dict[str, str]:
    messages = json.loads((EXTENSION / "_locales" / language / "messages.json").read_text("utf-8"))
    return {key: entry["message"] for key, entry in messages.items()}


def is_in_order(evaluate: Callable[[str], Any], language: str, words: dict[str, str]) -> None:
    assert evaluate(DOCUMENT_JS) == [language, words["locale_text_direction"]]
    assert evaluate(BESIDE_JS) == []


@pytest.mark.parametrize("language", ["ar", "de"])
def test_another_language(language: str, display: Display, site: Site, tmp_path: Path) -> None:
    words = words_of(language)
    with a_stage(Chromium, display, site, extension=only_in(language, tmp_path)) as stage:
        stage.set(undo_seconds="20")
        in_the_popup(stage, language, words)
        on_the_pages(stage, language, words)


def in_the_popup(stage: Stage, language: str, words: dict[str, str]) -> None:
    driver = stage.driver
    for path, host, heading, act in (
        ("/clicked.html", "", "popup_grace_heading", "undo"),
        ("/means.html", ELSEWHERE, "popup_confirmation_heading", "dismiss"),
        ("/several.html", "", "popup_several_heading", "dismiss"),
        ("/nothing.html", "", "popup_not_flattrable_heading", ""),
    ):
        stage.visit(path, *filter(None, [host]))
        driver.click_toolbar_button()
        stage.says(words[heading])
        is_in_order(driver.popup_eval, language, words)
        if act == "undo":
            left = "left" if words["locale_text_direction"] == "ltr" else "right"
            assert driver.popup_eval(ADDRESS_JS) == ["ltr", left]
        stage.picture(f"{language}-{heading.split('_')[1]}")
        if act:
            driver.popup_click(f"[data-act={act}]")
        if act == "undo":
            stage.says(words["popup_undone_heading"])
        driver.close_popup()


def on_the_pages(stage: Stage, language: str, words: dict[str, str]) -> None:
    driver = stage.driver
    stage.set(undo_seconds="0")
    stage.visit("/clicked.html")
    driver.click_toolbar_button()
    stage.shows("✓", words["toolbar_flattred_title"].replace("$NAME$", TITLE))
    for page, text in (
        ("history/history.html", TITLE),
        ("options/options.html", words["options_in_use_label"]),
    ):
        driver.open_extension_page(page)
        seen = f"(document.body?.innerText ?? '').includes({json.dumps(text)})"
        wait_for(partial(driver.page_eval, seen), text)
        is_in_order(driver.page_eval, language, words)
        stage.picture(f"{language}-{page.split('/')[0]}")
