"""The doors that strangers' bytes come in by, one function each.

Each takes any bytes and returns, or raises what no input may make it raise. Those that read files
put them into the ``FLATTR_HOST_HOME`` of the environment.
"""

import contextlib
import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from multidict import CIMultiDict

from flattr_host import own_sites, paths, settings
from flattr_host.account import record
from flattr_host.api import client
from flattr_host.api.errors import FlattrError
from flattr_host.api.objects import Flattr, RateLimitStatus, SearchResult, Thing, User
from flattr_host.api.transport import Reply, decode_json, is_allowed_url
from flattr_host.browsers import facts, process, receipt, table
from flattr_host.discovery.discovering import (
    addresses_to_look_up,
    candidates,
    discover,
    submission_url,
)
from flattr_host.discovery.explain import line
from flattr_host.discovery.model import Hints
from flattr_host.discovery.page import TooLarge, read_hints
from flattr_host.discovery.private_hosts import is_private
from flattr_host.discovery.rules import Rules
from flattr_host.discovery.urls import host_of
from flattr_host.flattring import wishes
from flattr_host.ledger import Store, importing
from flattr_host.ledger.lines import KINDS, end_line
from flattr_host.linked_page import fetching
from flattr_host.linked_page.body import MAX_BODY, Body
from flattr_host.linked_page.link_header import payment_links
from flattr_host.native.errors import sentences
from flattr_host.native.framing import MAX_FRAME, FrameDecoder, FrameTooLarge
from flattr_host.native.messages import BadRequest, Error, decode_request
from flattr_host.outbox.entries import Entry

Target = Callable[[bytes], None]

PAGE = "https://a.example/page"
CONNECTED = Rules("https://flattr.example:8443/money", refuses_private=True)
ENTRY = Entry(
    number=1, gesture="0123456789", server="embedded", username="", wish_key="", wish=b"",
    state="pending", asked_at=1, tries=1, unsure_try=1, unsure_since=1, next_try_at=1, lease="",
    lease_until=0.0, code="", detail="", answer=None, is_news=False,
)  # fmt: skip
_STATUSES = (200, 201, 204, 301, 307, 400, 401, 402, 403, 404, 429, 500, 503, 599)
_READERS: tuple[Callable[[Reply], object], ...] = (
    decode_json,
    client.refusal,
    client.things,
    client.done,
    client.flattred,
    client.lookup,
    client.location,
    *(
        lambda reply, kind=kind: client.answer(reply, kind)
        for kind in (Thing, User, list[Flattr], SearchResult, RateLimitStatus)
    ),
)


def framing(data: bytes) -> None:
    """A stream cut into pieces, as long as its first byte says, is the stream at once."""
    size, stream = 1 + (data[0] if data else 0), data[1:]
    at_once = list(_payloads([stream]))
    assert list(_payloads([stream[at : at + size] for at in range(0, len(stream), size)])) == (
        at_once
    )


def _payloads(pieces: list[bytes]) -> Iterator[bytes | None]:
    """The payloads, and None where the stream cannot be trusted any further."""
    decoder = FrameDecoder()
    for piece in pieces:
        decoder.feed(piece)
        try:
            while (payload := decoder.next_payload()) is not None:
                assert len(payload) <= MAX_FRAME
                yield payload
        except FrameTooLarge:
            yield None
            return


def messages(data: bytes) -> None:
    """A payload is a request with an id, or a mistake with a code that has a sentence."""
    try:
        assert decode_request(data).id is not None
    except BadRequest as bad:
        answer = msgspec.json.encode(Error(bad.id, bad.code, sentences()[bad.code]))
        assert len(answer) < MAX_FRAME


def answers(data: bytes) -> None:
    """A server's answer, its status by the first byte, then headers, an empty line and a body."""
    head, _, body = data[1:].partition(b"\n\n")
    headers: CIMultiDict[str] = CIMultiDict()
    for field in head.decode("utf-8", "surrogateescape").split("\n"):
        name, _, value = field.partition(":")
        headers.add(name, value.strip())
    reply = Reply(_STATUSES[(data[0] if data else 0) % len(_STATUSES)], headers, body)
    for read in _READERS:
        try:
            read(reply)
        except FlattrError as error:
            assert (str(error) + error.detail).isprintable()  # noqa: PT017 - it may be raised or not
    client.rate_limit(headers)
    assert b"a secret of ours" not in client.without("a secret of ours", body)
    is_allowed_url(headers.get("Location", ""))


def discovery(data: bytes) -> None:
    """An address, and what a page says of itself: found, explained, and found again."""
    text = data.decode("utf-8", "surrogateescape")
    hints = read_hints(data, PAGE)
    for given in (None, hints, Hints(canonical=text, payment=(text,), links=(text,), loader=text)):
        for rules in (None, CONNECTED):
            found = discover(text, given, rules)
            line(found)
            if found.flattrable:
                again = discover(submission_url(found), rules=rules)
                assert given or again.target == found.target, (found, again)
            for offer in candidates(text, given or hints, rules):
                assert offer.flattrable
                line(offer)
            addresses_to_look_up(text, given, rules)
    is_private(host_of(text))


def linked_page(data: bytes) -> None:
    """What the server of a link sends: ``Link``, ``Location`` and a body, maybe compressed."""
    text = data.decode("utf-8", "surrogateescape")
    fields = fetching.utf8(text).split("\n")
    assert all(url.startswith(("http://", "https://")) for url in payment_links(fields, PAGE))
    with contextlib.suppress(fetching.Unread):
        fetching.refuse_unless_allowed(fetching.target_of(fetching.parsed(PAGE), text[:9000]))
    for is_gzip in (False, True):
        body = Body(is_gzip=is_gzip)
        with contextlib.suppress(zlib.error):
            for at in range(0, len(data), 1000):
                body.add(data[at : at + 1000])
        assert len(body.data) <= MAX_BODY
    with contextlib.suppress(TooLarge):
        read_hints(data, PAGE, text[:100])


def own_settings(data: bytes) -> None:
    """``settings.toml``."""
    _put(settings.settings_path(), data)
    with contextlib.suppress(settings.InvalidSettings):
        settings.load()


def sites(data: bytes) -> None:
    """``sites.toml``, and discovery with what it says."""
    try:
        rules = own_sites._build(data, "", False)
    except settings.InvalidSettings:
        return
    for url in ("https://git.example.org/ann/tool/", "https://git.example.org/" + "a-" * 2000):
        line(discover(url, rules=rules))


def records(data: bytes) -> None:
    """The files that this program wrote for itself: the account's record, and the receipt."""
    _put(record.path(), data)
    record.read()
    _put(receipt.place(paths.data_dir()), data)
    with contextlib.suppress(receipt.ReceiptError):
        receipt.load(paths.data_dir())


def manifests(data: bytes) -> None:
    """The table of browsers, a manifest of the host, and the extension's."""
    path = Path(settings.settings_path()).with_name("manifest")
    _put(str(path), data)
    with contextlib.suppress(table.TableError):
        table.load(path)
    with contextlib.suppress(process.HostGone):
        process.command(path)
    with contextlib.suppress(facts.FactsError):
        facts._json(path)


def outbox(data: bytes) -> None:
    """What a row of the outbox holds."""
    entry = msgspec.structs.replace(ENTRY, wish=data, answer=data)
    for read in (wishes.wish_of, wishes.answer_of):
        with contextlib.suppress(wishes.Unreadable):
            read(entry)


def export(data: bytes) -> None:
    """A ledger to import, as it stands, and with a last line that is true of those before."""
    lines = data.splitlines(keepends=True)
    for given in (lines, _sealed(lines)):
        try:
            for _ in importing.rows(given):
                pass
        except importing.BadExport as error:
            assert str(error).isprintable()  # noqa: PT017 - it may be raised or not
            continue
        with tempfile.TemporaryDirectory() as folder:
            store = Store(f"{folder}/ledger.sqlite3")
            with contextlib.suppress(importing.BadExport):
                importing.merge(store, given)
            store.close()


def _sealed(lines: list[bytes]) -> list[bytes]:
    """The lines with another last one, so that damage gets further than the checksum."""
    kept = [line for line in lines if b'"end"' not in line]
    counts = {
        kind: sum(f'"type":"{kind.__struct_config__.tag}"'.encode() in line for line in kept)
        for kind in KINDS
    }
    end = end_line(counts, hashlib.sha256(b"".join(kept)).hexdigest())
    return [*kept, msgspec.json.encode(end) + b"\n"]


def _put(path: str, data: bytes) -> None:
    """Writes a file; in place, since this is done some thousand times a second."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        framing,
        messages,
        answers,
        discovery,
        linked_page,
        own_settings,
        sites,
        records,
        manifests,
        outbox,
        export,
    )
}
