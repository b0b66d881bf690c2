"""The remote backend's calls as they go out, and the answers to them as servers give them."""

import ast
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from flattr_host import __version__
from flattr_host.api import limiting, network, remote
from flattr_host.api.errors import (
    AnswerLost,
    BadAnswer,
    FlattrError,
    FlattrOnce,
    InvalidRequest,
    NoMeans,
    NotFound,
    RateLimitExceeded,
    ServerError,
    Unauthorized,
    Unreachable,
    Validation,
)
from flattr_host.api.objects import (
    Choice,
    Flattred,
    RateLimit,
    Search,
    ThingChange,
    ThingDraft,
)
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret

from .conftest import TOKEN, Answer, Server, answer

URL = "https://blog.example/post?a=1&b=ü#part"
THING: dict[str, Any] = {
    "type": "thing",
    "resource": "https://api.flattr.com/rest/v2/things/423405",
    "link": "https://flattr.com/thing/423405",
    "id": 423405,
    "flattrs": 3,
    "url": "http://blog.flattr.net/2011/10/api-v2-beta-out-whats-changed/",
    "title": "API v2 beta out - what's changed?",
    "image": "https://flattr.com/thing/image/4/2/3/4/0/5/medium.png",
}
USER = {"type": "user", "username": "qzio"}
FLATTR = {"type": "flattr", "thing": {**THING, "owner": USER}, "owner": USER, "created_at": 1}
FLATTRED = {"message": "ok", "description": "Thing was successfully flattred", "thing": THING}
ERROR = "error_description"

Method = Callable[[RemoteBackend], object]

CALLS: list[tuple[Method, str, Any, object]] = [
    (lambda b: b.flattr(URL), "POST /flattr", {"url": URL}, FLATTRED),
    (lambda b: b.flattr_thing(7), "POST /things/7/flattr", None, FLATTRED),
    (lambda b: b.flattrs(), "GET /user/flattrs?count=30&page=1", None, [FLATTR]),
    (
        lambda b: b.user_flattrs("a/ü?#", 5, 2, full=True),
        "GET /users/a%2F%C3%BC%3F%23/flattrs?count=5&page=2&full=1",
        None,
        [FLATTR],
    ),
    (lambda b: b.thing_flattrs(7), "GET /things/7/flattrs?count=30&page=1", None, []),
    (
        lambda b: b.lookup(URL),
        "GET /things/lookup?url=https%3A%2F%2Fblog.example%2Fpost%3Fa%3D1%26b%3D%C3%BC%23part",
        None,
        THING,
    ),
    (lambda b: b.thing(7), "GET /things/7", None, THING),
    (lambda b: b.things([7, 8]), "GET /things/7,8", None, [THING, THING]),
    (lambda b: b.user(), "GET /user", None, USER),
    (lambda b: b.user("qzio"), "GET /users/qzio", None, USER),
    (lambda b: b.user_things(), "GET /user/things?count=30&page=1", None, [THING]),
    (lambda b: b.user_things("x"), "GET /users/x/things?count=30&page=1", None, [THING]),
    (
        lambda b: b.search(Search(query="a b", tags="x|!y", sort="flattrs_day")),
        "GET /things/search?query=a+b&tags=x%7C%21y&sort=flattrs_day&count=30&page=1",
        None,
        {"total_items": 1, "items": 1, "page": 1, "things": [THING]},
    ),
    (lambda b: b.categories(), "GET /categories", None, [{"id": "text", "text": "Text"}]),
    (lambda b: b.languages(), "GET /languages", None, [{"id": "sv_SE", "text": "Svenska"}]),
    (
        lambda b: b.create_thing(ThingDraft(url=URL, title="T", tags=("a", "b"))),
        "POST /things",
        {
            "url": URL,
            "title": "T",
            "description": "",
            "category": "rest",
            "language": "en_GB",
            "tags": "a,b",
            "hidden": False,
        },
        {"id": 9, "link": "https://api/things/9", "message": "ok"},
    ),
    (
        lambda b: b.update_thing(7, ThingChange(title="T", tags=(), hidden=True)),
        "PATCH /things/7",
        {"title": "T", "tags": "", "hidden": True},
        {"message": "ok"},
    ),
    (lambda b: b.delete_thing(7), "DELETE /things/7", None, None),
]


def test_several_flattrs_and_what_each_came_to(server: Server, backend: RemoteBackend) -> None:
    once = {"url": URL, "error": "flattr_once", "error_description": "Already"}
    own_word = {"url": URL, "error": "disk_full", "error_description": "Wait"}
    told = [{"url": URL, **FLATTRED}, once, own_word, 5]
    server.answers = [answer(200, told)]
    outcomes = backend.flattr_bulk([URL] * 4)
    assert json.loads(server.seen[0].body) == [{"url": URL}] * 4
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Flattred, FlattrOnce, ServerError, BadAnswer]


@pytest.mark.parametrize(
    ("told", "status", "error"),
    [
        ({}, 404, NotFound),
        ({}, 405, NotFound),
        ({"error": "no_means"}, 401, NoMeans),
        ({"message": "ok"}, 200, BadAnswer),
        ([], 200, BadAnswer),
        ({}, 500, ServerError),
    ],
)
def test_several_flattrs_that_come_to_nothing(
    server: Server, backend: RemoteBackend, told: object, status: int, error: type[FlattrError]
) -> None:
    server.answers = [answer(status, told)]
    with pytest.raises(error):
        backend.flattr_bulk([URL])


@pytest.mark.parametrize(("call", "request_line", "body", "told"), CALLS)
def test_each_call_as_it_goes_out(
    server: Server, backend: RemoteBackend, call: Method, request_line: str, body: Any, told: object
) -> None:
    server.answers = [answer(204) if told is None else answer(200, told)]
    call(backend)
    (seen,) = server.seen
    method, _, path = request_line.partition(" ")
    assert (seen.method, seen.target) == (method, "/rest/v2" + path)
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["accept-encoding"] == "gzip"
    assert seen.headers["user-agent"].startswith(f"flattr-host/{__version__} (+https://")
    assert seen.headers.get("content-type") == ("application/json" if body else None)
    assert (json.loads(seen.body) if body else seen.body) == (body or b"")


def test_what_the_answers_say(server: Server, backend: RemoteBackend) -> None:
    server.answers = [
        answer(200, FLATTRED),
        answer(200, [FLATTR]),
        answer(200, THING),  # one thing, without an array around it
        answer(201, {"id": "9"}),
        answer(200, [{"id": "text", "text": "Text"}]),
        answer(200, {"hourly_limit": 1000, "remaining_hits": 986, "current_hits": 14,
                     "reset_time_in_seconds": 1342521939,
                     "reset_time": "Tue, 17 Jul 2012 10:45:39 +0000 GMT"}),
    ]  # fmt: skip
    assert backend.flattr(URL).thing.id == 423405
    assert backend.flattrs()[0].thing.title == THING["title"]
    assert [thing.id for thing in backend.things([423405])] == [423405]
    assert backend.create_thing(ThingDraft(url=URL)) == 9
    assert backend.categories() == [Choice(id="text", text="Text")]
    assert backend.rate_limit_status().remaining_hits == 986
    assert server.connections == 1  # kept alive


def test_an_answer_may_be_compressed(server: Server, backend: RemoteBackend) -> None:
    import gzip

    content = gzip.compress(json.dumps(THING).encode())
    server.answers = [answer(200, content, Content_Encoding="gzip")]
    assert backend.thing(1).id == 423405


def test_no_call_where_none_is_needed(server: Server, backend: RemoteBackend) -> None:
    assert backend.things([]) == []
    nobody = RemoteBackend(server.api_url, None)
    own: list[Method] = [call for call, line, _, _ in CALLS if "/user?" in line or "POST" in line]
    own += [lambda b: b.user(), lambda b: b.user_things(), lambda b: b.flattrs()]
    own += [lambda b: b.update_thing(1, ThingChange()), lambda b: b.delete_thing(1)]
    for call in own:
        with pytest.raises(Unauthorized):
            call(nobody)
    for name in ("", ".", ".."):
        with pytest.raises(NotFound):
            backend.user_flattrs(name)
    with pytest.raises(InvalidRequest):
        backend.flattr("https://a.example/\udcff")
    assert server.connections == 0


def test_without_a_token_what_needs_none(server: Server) -> None:
    server.answers = [answer(200, [FLATTR])]
    assert len(RemoteBackend(server.api_url + "/", None).user_flattrs("qzio")) == 1
    assert server.seen[0].target == "/rest/v2/users/qzio/flattrs?count=30&page=1"
    assert "authorization" not in server.seen[0].headers


FOUND = answer(200, THING)
MISS = {"message": "not_found", "description": "No thing was found"}
ERROR_A = {"error": "not_found", ERROR: "The thing could not be found", "error_uri": "http://a"}
WHERE = "/rest/v2/things/423405"

LOOKUPS: dict[str, tuple[list[Answer], str]] = {
    "302, header and body": ([answer(302, {"message": "found"}, Location=WHERE), FOUND], "found"),
    "302, body alone": ([answer(302, {"message": "found", "location": WHERE}), FOUND], "found"),
    "302, relative": ([answer(302, b"", Location="../things/423405"), FOUND], "found"),
    "302, no more there": ([answer(302, b"", Location=WHERE), answer(404, ERROR_A)], "not_found"),
    "200, the thing": ([FOUND], "found"),
    "200, location": ([answer(200, {"message": "found", "location": WHERE}), FOUND], "found"),
    "200, flattrable": ([answer(200, {"message": "flattrable"})], "flattrable"),
    "200, not found": ([answer(200, MISS)], "not_found"),
    "404, shape A": ([answer(404, ERROR_A)], "not_found"),
    "404, shape B": ([answer(404, MISS)], "not_found"),
    "404, merged": ([answer(404, {**MISS, **ERROR_A})], "not_found"),
}


@pytest.mark.parametrize("shape", LOOKUPS)
def test_each_shape_of_a_lookup(server: Server, backend: RemoteBackend, shape: str) -> None:
    server.answers, message = LOOKUPS[shape]
    expected = len(server.answers)
    found = backend.lookup("https://a.example/")
    assert found.message == message
    assert (found.thing.id if found.thing else None) == (423405 if message == "found" else None)
    assert [seen.headers["authorization"] for seen in server.seen] == [f"Bearer {TOKEN}"] * expected
    assert expected == 1 or server.seen[1].target in {WHERE, "/rest/v2/things/423405"}


def test_an_absolute_location(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(302, b"", Location=server.api_url + "/things/1?full=1"), FOUND]
    assert backend.lookup("https://a.example/").message == "found"
    assert server.seen[1].target == "/rest/v2/things/1?full=1"


def test_a_lookup_of_somebody_else_s_thing(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(400, {"error": "validation", ERROR: "Owner mismatch."})]
    with pytest.raises(Validation, match="Owner mismatch"):
        backend.lookup("https://flattr.com/submit/auto?user_id=a&url=b")


@pytest.mark.parametrize(
    "told",
    [
        {"thing": THING},
        {**FLATTRED, "location": "https://api.flattr.com/rest/v2/things/423405"},
        {"message": "ok", "thing": THING, "new": {"field": [1]}},
        {**FLATTRED, "description": None},
    ],
)
def test_each_shape_of_a_flattr(server: Server, backend: RemoteBackend, told: object) -> None:
    server.answers = [answer(200, told)]
    assert backend.flattr_thing(423405).thing.flattrs == 3


REFUSALS: list[tuple[bytes, type[FlattrError], str]] = [
    (answer(401, {"error": "no_means"}), NoMeans, "enough means"),
    (answer(401, {"error": "no_money", ERROR: "Empty"}), NoMeans, "Empty"),
    (answer(402), NoMeans, "enough means"),
    (answer(402, b"<h1>Pay"), NoMeans, "enough means"),
    (answer(401, {"error": "unauthorized"}), Unauthorized, "unauthorized"),
    (answer(403, {"error": "flattr_once"}), FlattrOnce, "already flattred"),
    (answer(200, {"error": "flattr_once"}), FlattrOnce, "already flattred"),
    (answer(500, {"error": "flattr_once"}), FlattrOnce, "already flattred"),
    (answer(404, {"error": "not_found", ERROR: 5}), NotFound, "not be found"),
    (answer(400, {"error": "validation", ERROR: "a\x1b[2Jb\nc"}), Validation, r"^a \[2Jb c$"),
]


@pytest.mark.parametrize(("told", "kind", "words"), REFUSALS)
def test_refusals_by_their_word(
    server: Server, backend: RemoteBackend, told: bytes, kind: type[FlattrError], words: str
) -> None:
    server.answers = [told]
    with pytest.raises(kind, match=words) as caught:
        backend.flattr(URL)
    assert type(caught.value) is kind
    assert len(server.seen) == 1


def test_patch_as_post_where_there_is_no_patch(server: Server, backend: RemoteBackend) -> None:
    for status in (405, 501):
        server.answers = [answer(status, b"<h1>What?"), answer(200, {"message": "ok"})]
        backend.update_thing(7, ThingChange(title="T"))
        patch, post = server.seen[-2:]
        assert (patch.method, post.method, post.target) == ("PATCH", "POST", patch.target)
        assert json.loads(post.body) == {"_method": "patch", "title": "T"}


def test_a_change_is_not_done_by_a_web_page(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(200, b"<h1>Welcome to this hotel's network")]
    with pytest.raises(FlattrError, match="web page"):
        backend.update_thing(7, ThingChange(title="T"))
    with pytest.raises(FlattrError, match="web page"):
        backend.delete_thing(7)


def cut_off(connection: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")


@pytest.mark.parametrize("trouble", [cut_off, answer(502), answer(503), answer(504)])
def test_only_what_is_safe_is_tried_again(
    server: Server, backend: RemoteBackend, trouble: Answer
) -> None:
    server.answers = [trouble, FOUND]
    assert backend.thing(1).id == 423405
    assert len(server.seen) == 2
    unsafe: list[Method] = [
        lambda b: b.flattr(URL),
        lambda b: b.flattr_thing(1),
        lambda b: b.create_thing(ThingDraft(url=URL)),
        lambda b: b.update_thing(1, ThingChange(title="T")),
        lambda b: b.delete_thing(1),
    ]
    for call in unsafe:
        server.seen.clear()
        server.answers = [trouble, answer(200, FLATTRED)]
        with pytest.raises((AnswerLost, ServerError)):
            call(backend)
        assert len(server.seen) == 1


def test_a_get_is_tried_twice_and_no_more(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(503)]
    with pytest.raises(ServerError, match="status 503"):
        backend.thing(1)
    assert len(server.seen) == 2
    server.answers = [answer(500), FOUND]
    with pytest.raises(ServerError):
        backend.thing(1)


def test_what_did_not_arrive_is_sent_again(
    server: Server, backend: RemoteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is back after the pause, on the same port."""
    monkeypatch.setattr(remote, "PAUSE", 0.3)
    port = int(server.origin.rpartition(":")[2])
    server.close()
    servers: list[Server] = []

    def come_back() -> None:
        servers.append(Server(port=port, answers=[answer(200, FLATTRED)]))

    threading.Timer(0.1, come_back).start()
    assert backend.flattr(URL).thing.id == 423405
    (again,) = servers
    assert len(again.seen) == 1
    again.close()
    with pytest.raises(Unreachable):
        backend.flattr(URL)


def limits(remaining: int, reset: float, date: float | None = None, **more: str) -> dict[str, str]:
    """The headers of a server whose clock says ``date``."""
    moment = datetime.fromtimestamp(time.time() if date is None else date, UTC)
    return {
        "X_RateLimit_Limit": "1000",
        "X_RateLimit_Remaining": str(remaining),
        "X_RateLimit_Current": str(1000 - remaining),
        "X_RateLimit_Reset": str(int(reset)),
        "Date": format_datetime(moment, usegmt=True),
        **more,
    }


EXCEEDED = {"error": "rate_limit_exceeded", ERROR: "Over it"}


def test_the_rate_limit_seen(server: Server, backend: RemoteBackend) -> None:
    assert backend.rate_limit is None
    server.answers = [answer(200, THING, **limits(970, 1342521939))]
    backend.thing(1)
    assert backend.rate_limit == RateLimit(1000, 970, 30, 1342521939)
    garbage = {"X_RateLimit_Limit": "many", "X_RateLimit_Remaining": "-1", "Date": "yesterday"}
    server.answers = [answer(403, {"error": "flattr_once"}, **garbage)]
    with pytest.raises(FlattrOnce) as caught:
        backend.flattr(URL)
    assert caught.value.rate_limit is None
    assert backend.rate_limit == RateLimit(1000, 970, 30, 1342521939)
    server.answers = [answer(403, {"error": "flattr_once"}, **limits(5, 7))]
    with pytest.raises(FlattrOnce) as caught:
        backend.flattr(URL)
    assert (caught.value.rate_limit, caught.value.status) == (RateLimit(1000, 5, 995, 7), 403)


def test_a_long_wait_is_none(server: Server, backend: RemoteBackend) -> None:
    """And nothing is sent until it is over, by nobody in the process."""
    server.answers = [answer(403, EXCEEDED, **limits(0, time.time() + 720))]
    with pytest.raises(RateLimitExceeded) as caught:
        backend.flattr(URL)
    assert caught.value.detail == "It takes calls again in 12 minutes."
    for other in (backend, RemoteBackend(server.api_url, None)):
        with pytest.raises(RateLimitExceeded) as caught:
            other.thing(1)
        assert caught.value.detail == "It takes calls again in 12 minutes."
    assert len(server.seen) == 1
    server.answers = [answer(200, {"hourly_limit": 1, "remaining_hits": 0, "current_hits": 1,
                                   "reset_time_in_seconds": 7})]  # fmt: skip
    assert backend.rate_limit_status().remaining_hits == 0


def test_a_short_wait_is_told_and_waited(server: Server) -> None:
    """The clock of the server is a year ahead; its reset is one second after its date."""
    waits: list[float] = []
    backend = RemoteBackend(server.api_url, Secret(TOKEN), waits.append)
    ahead = int(time.time()) + 365 * 86400
    refused = answer(403, EXCEEDED, **limits(0, ahead + 1, ahead))
    server.answers = [refused, answer(200, FLATTRED)]
    started = time.monotonic()
    assert backend.flattr(URL).thing.id == 423405
    assert 0.9 < time.monotonic() - started < 3
    assert len(server.seen) == 2
    assert waits == [pytest.approx(1, abs=0.1)]
    server.answers = [refused]
    with pytest.raises(RateLimitExceeded):
        backend.flattr(URL)
    assert (len(server.seen), len(waits)) == (4, 2)  # once more, not for ever


def test_what_is_used_up_is_known_before_the_refusal(server: Server) -> None:
    waits: list[float] = []
    backend = RemoteBackend(server.api_url, Secret(TOKEN), waits.append)
    server.answers = [answer(200, THING, **limits(0, time.time() + 1.9)), answer(200, THING)]
    backend.thing(1)
    assert waits == []
    backend.thing(1)
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Retry_After": "40"}, "40 seconds"),
        ({"Retry_After": "3000000000"}, "60 minutes"),
        (limits(0, time.time() + 10**6), "60 minutes"),
        ({"Retry_After": "soon"}, "60 seconds"),
        ({}, "60 seconds"),
    ],
)
def test_429_and_retry_after(
    server: Server, backend: RemoteBackend, headers: dict[str, str], detail: str
) -> None:
    server.answers = [answer(429, b"slow down", **headers)]
    with pytest.raises(RateLimitExceeded) as caught:
        backend.thing(1)
    assert caught.value.detail == f"It takes calls again in {detail}."
    assert len(server.seen) == 1


def test_durations_in_words() -> None:
    words = [limiting.in_words(seconds) for seconds in (0, 1, 20.4, 89, 90, 100, 3600)]
    assert words == ["1 second", "1 second", "20 seconds", "89 seconds", "2 minutes", "2 minutes",
                     "60 minutes"]  # fmt: skip


def test_a_first_call_from_many_threads_at_once(server: Server, backend: RemoteBackend) -> None:
    server.answers = [answer(200, [FLATTR])]
    together = threading.Barrier(8)
    lengths: list[int] = []

    def call() -> None:
        together.wait()
        lengths.append(len(backend.flattrs()))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [1] * 8
    assert server.connections <= network.MAX_REQUESTS


def test_the_objects_load_no_http() -> None:
    code = (
        "import sys; import flattr_host.api.objects, flattr_host.api.errors,"
        " flattr_host.api.secret; assert not {'aiohttp', 'asyncio'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


def test_only_the_network_part_knows_aiohttp() -> None:
    folder = Path(remote.__file__).parent
    knowing = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in {"aiohttp", "asyncio"} for name in names):
                knowing.add(file.name)
    assert knowing == {"transport.py", "network.py"}
