"""What all answers of the API have: formats, headers, the rate limit, and what goes wrong."""

import re
import sqlite3
from pathlib import Path

import pytest

from flattr_host.ledger import rest
from tests.conftest import Home
from tests.ledger.conftest import BASE, MakeGround

pytestmark = pytest.mark.asyncio

RATE_LIMIT = [f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Current", "Reset")]


@pytest.mark.parametrize("path", ["", "/", ".json"])
async def test_hello_world(make_ground: MakeGround, path: str) -> None:
    answer = await (await make_ground()).call("GET", path)
    assert (answer.status, await answer.text()) == (200, '{"message":"hello_world"}')


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200), ("*/*", 200), ("application/json", 200), ("application/*;q=0.1", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200), ("Application/JSON; charset=x", 200),
        ("text/html", 406), ("text/xml, application/yaml", 406), ("application/json;q=0", 406),
        ("application/json;q=0, */*", 406), ("application/stream+json", 406), ("*/*;q=x", 406),
    ],
)  # fmt: skip
async def test_accept(make_ground: MakeGround, accept: str, status: int) -> None:
    ground = await make_ground()
    answer = await ground.call("GET", "/categories", headers={"Accept": accept})
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/things/1.xml", "/users/qzio/flattrs.as", "/users/qzio/flattrs.atom/", "/languages.txt",
     "/categories.yaml", "/categories?jsonp=call", "/user/things.xml"],
)  # fmt: skip
async def test_formats_that_are_not_offered(make_ground: MakeGround, path: str) -> None:
    ground = await make_ground()
    answer = await ground.call("GET", path, ground.token())
    assert (answer.status, (await answer.json())["error"]) == (406, "not_acceptable")


async def test_a_format_that_is_not_offered_flattrs_nothing(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, url = ground.token(), {"url": "https://github.com/smgt/flattr"}
    headers = {"Accept": "text/html"}
    assert (await ground.call("POST", "/flattr", token, data=url, headers=headers)).status == 406
    assert (await ground.call("POST", "/flattr.xml", token, data=url)).status == 406
    assert await (await ground.call("GET", "/user/flattrs", token)).json() == []


async def test_other_origins_may_read_everything(make_ground: MakeGround) -> None:
    ground = await make_ground()
    for method, path in (("GET", "/"), ("GET", "/nope"), ("POST", "/flattr"), ("PUT", "/user")):
        answer = await ground.call(method, path)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert set(RATE_LIMIT) <= set(
            re.split(", *", answer.headers["Access-Control-Expose-Headers"])
        )
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer = await ground.call("OPTIONS", "/flattr", headers=asked)
    assert (answer.status, await answer.read()) == (204, b"")
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]


async def test_the_rate_limit(make_ground: MakeGround) -> None:
    ground = await make_ground(rate_limit=3)
    token, other = ground.token(), ground.token("other")
    for calls, path in enumerate(("/user", "/nope", "/things/1.xml"), 1):
        answer = await ground.call("GET", path, token)
        limit, remaining, current, reset = (int(answer.headers[name]) for name in RATE_LIMIT)
        assert (limit, remaining, current, reset % 3600) == (3, 3 - calls, calls, 0)
    refused = await ground.call("GET", "/user", token)
    assert (refused.status, (await refused.json())["error"]) == (403, "rate_limit_exceeded")
    assert [refused.headers[name] for name in RATE_LIMIT[:3]] == ["3", "0", "3"]
    assert (await ground.call("GET", "/user", other)).status == 200
    assert [(await ground.call("GET", "/categories")).status for _ in range(4)][2:] == [200, 403]
    assert (await ground.call("GET", "/categories", "wrong")).status == 403  # by the address


async def test_asking_for_the_rate_limit_is_free(make_ground: MakeGround) -> None:
    ground = await make_ground(rate_limit=3)
    token = ground.token()
    for _ in range(5):
        answer = await ground.call("GET", "/rate_limit", token)
        assert not set(RATE_LIMIT) & set(answer.headers)
    await ground.call("GET", "/user", token)
    said = await (await ground.call("GET", "/rate_limit.json", token)).json()
    assert list(said) == [
        "hourly_limit", "remaining_hits", "current_hits", "reset_time_in_seconds", "reset_time",
    ]  # fmt: skip
    assert list(said.values())[:3] == [3, 2, 1]
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:00:00 \+0000 GMT", said["reset_time"])


async def test_no_rate_limit(make_ground: MakeGround) -> None:
    ground = await make_ground(rate_limit=0)
    answer = await ground.call("GET", "/categories")
    assert not set(RATE_LIMIT) & set(answer.headers)
    assert (await ground.call("GET", "/rate_limit")).status == 404


async def test_whose_calls_are_counted_behind_a_proxy(make_ground: MakeGround) -> None:
    trusting = await make_ground(rate_limit=1, is_behind_proxy=True)
    statuses = [
        (await trusting.call("GET", "/", headers={"X-Forwarded-For": said})).status
        for said in (
            "9.9.9.9, 1.1.1.1",
            "8.8.8.8, 1.1.1.1",
            "2.2.2.2",
            "2001:db8::1",
            "2001:db8::2",
        )
    ]
    assert statuses == [200, 403, 200, 200, 403]
    doubting = await make_ground(rate_limit=1)
    headers = {"X-Forwarded-For": "3.3.3.3"}
    assert (await doubting.call("GET", "/")).status == 200
    assert (await doubting.call("GET", "/", headers=headers)).status == 403


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/flattr", "OPTIONS, POST"), ("GET", "/flattr", "OPTIONS, POST"),
        ("POST", "/user", "GET, HEAD, OPTIONS"), ("TRACE", "/", "GET, HEAD, OPTIONS"),
        ("POST", "/things/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ],
)  # fmt: skip
async def test_other_methods(make_ground: MakeGround, method: str, path: str, allowed: str) -> None:
    answer = await (await make_ground()).call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert (await answer.json())["error"] == "invalid_request"


@pytest.mark.parametrize(
    "path",
    ["/nope", "/user/subscriptions", "/users/qzio/activities", "//", "/things/1/flattr/2",
     "/users/", "/users/%00", "/%ff", "/things/1%2Fflattrs"],
)  # fmt: skip
async def test_paths_that_are_none(make_ground: MakeGround, path: str) -> None:
    answer = await (await make_ground()).call("GET", path)
    assert (answer.status, (await answer.json())["error"]) == (404, "not_found")


async def test_a_ledger_that_cannot_be_used(make_ground: MakeGround, tmp_path: Path) -> None:
    ground = await make_ground()
    token = ground.token()
    file = next((tmp_path / "served").glob("*.sqlite3"))
    with sqlite3.connect(file) as db:
        db.execute("DROP TABLE flattrs")
    answer = await ground.call("GET", "/user/flattrs", token)
    said = await answer.json()
    assert (answer.status, said["error"]) == (503, "ledger_unavailable")
    assert "Nothing was changed" in said["error_description"]


async def test_a_defect_is_logged_and_not_shown(
    make_ground: MakeGround, flattr_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    ground = await make_ground()
    token = ground.token()
    monkeypatch.setattr(rest, "read_body", fail)
    answer = await ground.call("POST", "/flattr", token, data={"url": "x"})
    text = await answer.text()
    assert (answer.status, '"error":"server_error"' in text) == (500, True)
    assert "secret" not in text + flattr_home.log.read_text()
    assert "defect ZeroDivisionError" in flattr_home.log.read_text()
    assert "X-RateLimit-Limit" in answer.headers


async def test_a_body_that_does_not_come(
    make_ground: MakeGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    monkeypatch.setattr(rest, "BODY_SECONDS", 0.2)
    ground = await make_ground()
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.client.port)
    writer.write(b"POST /rest/v2/flattr HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nu")
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert status.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ledger.example:8765", 200), ("ledger.example", 200), ("LEDGER.example", 200),
        ("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:8765", 200), ("192.168.1.2", 200),
        ("evil.example", 421), ("ledger.example.evil.example", 421), ("evil.example:8765", 421),
        ("ledger.example@evil.example", 421), ("", 421), ("[", 421),
        ("127.0.0.1.evil.example", 421),
    ],
)  # fmt: skip
async def test_only_requests_for_this_server(
    make_ground: MakeGround, host: str, status: int
) -> None:
    ground = await make_ground()
    for path in ("/rest/v2/", "/"):
        answer = await ground.client.get(path, headers={"Host": host})
        assert answer.status == status
        assert status == 200 or BASE in await answer.text()
