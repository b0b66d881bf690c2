"""What a page may hold to keep its reader busy: its process ends in time and stays small."""

import contextlib
import resource
import threading
import time

import pytest

from flattr_host.discovery.model import Hints
from flattr_host.linked_page import parsing
from flattr_host.linked_page.body import MAX_BODY
from flattr_host.linked_page.parsing import MAX_MEMORY, TIMEOUT, Unparsable, hints_of

URL = "https://a.example/"
PAYMENT = "https://flattr.com/submit/auto?user_id=alice&url=https://a.example/"


def of(page: str) -> Hints:
    return hints_of(page.encode()[:MAX_BODY], URL, "text/html")


def unclosed(elements: int, blocks: int) -> str:
    """Formatting elements that are made again in each block: so many times so many."""
    opened = "".join(f"<b x={number}>" for number in range(elements))
    return f"<p>{opened}</p>" + "<div>x</div>" * blocks


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        ("", " "),
        ("", "<?a?>"),
        ("", " <?a?>"),
        ("", "<!--"),
        ("", "<!DOCTYPE a["),
        ("", "<meta "),
        ("", "<a href=//flattr.com/thing/1>"),
        ("", "<table><td>"),
        ("", "<template>"),
        ("", "<svg><g>"),
        ("", "&amp;&nbsp;&notin;"),
        ("", "</b></a></i>"),
        ("<title>", "x "),
        ("<textarea>", "<b>"),
        ("<select>", "<option>"),
        ("<script>", "//flattr.com/"),
        ("<script>", "//a."),
        ("<script>//", "a."),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>"),
        ("<rss>", "<channel><item/>"),
        ("", "<div>"),
        ("", "<dl><dd>"),
        ("", "<a class=FlattrButton><div>"),
        ("<p ", "a=1 "),
    ],
)
def test_nothing_keeps_the_reader_busy(begin: str, piece: str) -> None:
    begun = time.monotonic()
    with contextlib.suppress(Unparsable):
        of(begin + piece * (MAX_BODY // len(piece)))
    assert time.monotonic() - begun < TIMEOUT + 1


@pytest.mark.parametrize(("elements", "blocks"), [(2000, 1000), (8000, 20000)])
def test_nothing_makes_the_reader_large(elements: int, blocks: int) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with contextlib.suppress(Unparsable):
        assert of(unclosed(elements, blocks)) == Hints()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert largest <= max(before, MAX_MEMORY // 1024)


def test_a_page_is_read_as_by_the_parser_itself() -> None:
    page = f"<title>A post</title><link rel=payment href='{PAYMENT}'>" + "<p>text" * 20_000
    assert of(page) == Hints(title="A post", payment=(PAYMENT,))


def test_a_reader_that_begins_late_gets_all_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "PATIENCE", 0.001)  # seconds, in which no process starts
    link = f"<link rel=payment href='{PAYMENT}'>"
    assert of(" " * (MAX_BODY - len(link)) + link) == Hints(payment=(PAYMENT,))


def test_nobody_waits_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "TIMEOUT", 0.2)
    begun = time.monotonic()
    with pytest.raises(Unparsable, match="too long"):
        of("<div>" * 100_000)
    assert time.monotonic() - begun < 1


def test_what_is_called_off_ends_at_once() -> None:
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    begun = time.monotonic()
    with pytest.raises(Unparsable):
        hints_of(b"<div>" * 100_000, URL, None, gone.is_set)
    assert time.monotonic() - begun < 1
