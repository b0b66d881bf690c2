"""What no honest client sends: paths, hosts, lengths, methods and statements in parameters."""

import hashlib
import json
import re
import socket
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ledger.served import Served
from tests.raw import GOOD, Reply, connect, receive, send

PATHS = [
    "/rest/v2/..%2f..%2fetc/passwd", "/rest/v2/../../../etc/passwd", "/page.css/../../etc/passwd",
    "/../page.css", "/..%2fpage.css", "/%2e%2e/page.css", "/page.css%00.html", "/page.css/",
    "/.%2e/.%2e/etc/passwd", "/\\..\\..\\etc\\passwd", "/web/consent.html", "/sign_in.html",
    "//", "//evil.example/", "//evil.example/rest/v2/", "///rest/v2/", "/rest//v2/", "/user/%00",
    "/user/..%2f..", "/rest/v2/users/%2e%2e%2fuser", "/rest/v2/users/a%00b", "/thing/1%00",
    "/rest/v2/things/1%2e%2e", "/rest/v2/users/%ff%fe", "/rest/v2/%", "/%zz", "*",
    "/user/" + "%25" * 400, "/rest/v2/things/" + "9" * 4000,
]  # fmt: skip

BAD_HOSTS = [
    "evil.example", "127.0.0.1.evil.example", "evil@HOST", "HOST@evil.example", "HOST#@evil", "",
    "HOST/evil", "HOST\\evil", "[::1", "[::1].evil.example", "127.0.0.1:x", "HOST, evil.example",
    "ledger", "localhost.evil.example", "127.0.0.1%2eevil", "2130706433", "0x7f.0.0.1",
]  # fmt: skip

POST = b"POST /rest/v2/flattr HTTP/1.1\r\nHost: HOST\r\n"
TWICE = POST + b"Content-Length: 5\r\n"

#: Requests of which two readers could see different ends or different headers (RFC 9112, 11.2).
AMBIGUOUS = [
    TWICE + b"Content-Length: 6\r\n\r\nhello",
    TWICE + b"Content-Length: 5\r\n\r\nhello",
    TWICE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    *(
        POST + b"Content-Length: %s\r\n\r\nhello" % it
        for it in (b"5, 5", b"+5", b"-5", b"0x5", b"")
    ),
    *(
        POST + b"Transfer-Encoding: %s\r\n\r\n0\r\n\r\n" % it
        for it in (b"xchunked", b"chunked, identity", b"chunked, chunked", b"identity")
    ),
    *(
        POST + b"Transfer-Encoding: chunked\r\n\r\n%s\r\n" % it
        for it in (b"zz", b"-1", b"+1", b"0x1", b"ffffffffffffffff1", b"1 ")
    ),
    GOOD.replace(b"HOST", b"HOST\r\nHost: HOST"),
    GOOD.replace(b"Host: HOST\r\n", b""),
    GOOD.replace(b"HOST", b"HOST\r\nX : a"),
    GOOD.replace(b"HOST", b"HOST\r\n folded"),
    GOOD.replace(b"HOST", b"HOST\r\nX: a\0b"),
    GOOD.replace(b"HOST", b"HOST\r\nX: a\nY: b\rZ: c"),
    GOOD.replace(b"\r\n", b"\n"),
    GOOD.replace(b"HTTP/1.1", b"HTTP/1.1 HTTP/1.1"),
    GOOD.replace(b"HTTP/1.1", b"HTTP/9.9"),
    GOOD.replace(b"GET", b"G\tET"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\0" * 64 + b"\r\n\r\n",
]

OVERSIZED = [
    GOOD.replace(b"/rest/v2/", b"/" + b"a" * 20_000),
    GOOD.replace(b"/rest/v2/", b"/rest/v2/?" + b"a=b&" * 5_000),
    GOOD.replace(b"HOST", b"HOST\r\nX: " + b"a" * 20_000),
    GOOD.replace(b"HOST", b"HOST\r\n" + b"a" * 20_000 + b": X"),
    GOOD.replace(b"HOST", b"HOST" + b"".join(b"\r\nX%d: a" % number for number in range(2_000))),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all: whatever comes, it has to go on."""
    folder = tmp_path_factory.mktemp("hostile")
    with Served(folder / "served.sqlite3", "--rate-limit", "0") as served:
        served.add_user("alice")
        served.add_user(SECRETLY, "--hide-flattrs")
        body = b"url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fflattr"
        form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
        token = f"Authorization: Bearer {served.token(SECRETLY)}\r\n".encode()
        assert send(served.port, POST + token + form % (len(body), body)).status == 200
        yield served
        assert send(served.port, GOOD).status == 200
        log = Path(folder / "home" / "state" / "flattr-host.log")
        assert not log.exists() or "defect" not in log.read_text()
        served.process.terminate()
        assert served.process.communicate(timeout=20) == ("", "")


def is_sound(reply: Reply) -> bool:
    """An answer that gives nothing away."""
    text = reply.body.decode("utf-8", "replace")
    return reply.status in range(200, 500) and not re.search(
        r"Traceback|sqlite|root:|site-packages|/tmp/", text
    )


@pytest.mark.parametrize("path", PATHS, ids=lambda it: it[:40])
def test_no_path_leads_out(served: Served, path: str) -> None:
    reply = send(served.port, GOOD.replace(b"/rest/v2/", path.encode()))
    assert (reply.status in (400, 404), is_sound(reply)) == (True, True), reply


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_another_s_name_is_refused(served: Served, host: str) -> None:
    for path in (b"/rest/v2/", b"/sign-in"):
        request = GOOD.replace(b"/rest/v2/", path).replace(b"HOST", host.encode())
        reply = send(served.port, request)
        assert (reply.status in (400, 421), is_sound(reply)) == (True, True), reply
        assert "set-cookie" not in reply.headers


def test_a_whole_url_names_the_server_too(served: Served) -> None:
    """RFC 9112, 3.2.2: its host counts, whatever ``Host`` says."""

    def status(url: bytes, host: bytes = b"HOST") -> int:
        request = GOOD.replace(b"/rest/v2/", url).replace(b"Host: HOST", b"Host: " + host)
        return send(served.port, request).status

    assert status(b"http://HOST/rest/v2/") == 200
    assert status(b"http://evil.example/rest/v2/") == 421
    assert status(b"http://HOST/rest/v2/", b"evil.example") == 421
    assert status(b"http://HOST@evil.example/rest/v2/") == 421
    assert (
        send(served.port, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n").status == 421
    )


def test_a_forwarded_host_changes_nothing(served: Served) -> None:
    said = (
        b"X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\nX-Original-URL: /user"
    )
    for path in (b"/", b"/sign-in", b"/openapi.json"):
        reply = send(
            served.port, GOOD.replace(b"/rest/v2/", path).replace(b"HOST", b"HOST\r\n" + said)
        )
        assert (reply.status, b"evil.example" in reply.body) == (200, False)


@pytest.mark.parametrize("request_", AMBIGUOUS, ids=lambda it: ascii(it[-60:]))
def test_what_could_be_read_in_two_ways_is_refused(served: Served, request_: bytes) -> None:
    """And nothing behind it on the connection is answered: it may be a part of it."""
    with connect(served.port) as connection:
        smuggled = b"GET /rest/v2/categories HTTP/1.1\r\nHost: HOST\r\n\r\n"
        host = b"127.0.0.1:%d" % served.port
        connection.sendall((request_ + smuggled).replace(b"HOST", host))
        answers = b""
        while part := _more(connection):
            answers += part
    assert answers.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")), answers[:300]
    assert len(re.findall(rb"^HTTP/1", answers, re.MULTILINE)) == 1


def _more(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("request_", OVERSIZED, ids=["path", "query", "value", "name", "headers"])
def test_heads_are_bounded(served: Served, request_: bytes) -> None:
    assert send(served.port, request_).status in (0, 400, 414, 431)


@pytest.mark.parametrize("path", ["/rest/v2/flattr", "/sign-in", "/oauth/token", "/oauth/revoke"])
def test_bodies_are_bounded(served: Served, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: HOST\r\n".encode()
    for length in (b"65537", b"9" * 15):
        declared = send(served.port, head + b"Content-Length: %s\r\n\r\n" % length)
        assert declared.status == 413  # at once, and not when all of it has come
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    chunked = send(served.port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3)
    assert chunked.status == 413
    bomb = zlib.compress(b"0" * 50_000_000, 9)
    packed = b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    assert send(served.port, head + packed + bomb).status in (400, 413)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "FOO", "get"])
def test_odd_methods(served: Served, method: str) -> None:
    for path in (b"/", b"/sign-in", b"/rest/v2/user", b"/oauth/token", b"/page.css"):
        request = GOOD.replace(b"GET", method.encode()).replace(b"/rest/v2/", path)
        reply = send(served.port, request.replace(b"HOST", b"HOST\r\nX-Secret: mirror-me"))
        assert reply.status in (400, 404, 405), (path, reply)
        assert b"mirror-me" not in reply.body
    with connect(served.port) as connection:
        connection.sendall(GOOD.replace(b"HOST", b"127.0.0.1\r\nX-HTTP-Method-Override: DELETE"))
        assert receive(connection).status == 200


#: Who hides what they flattr.
SECRETLY = "secretly"

STATEMENTS = [
    "'", '"', "`", "';--", "' OR '1'='1", '" OR ""="', "1 OR 1=1", "1; DROP TABLE users;--",
    "'); DROP TABLE things;--", "' UNION SELECT token FROM tokens--", "alice'--", "%' OR 1=1--",
    "' AND (SELECT count(*) FROM tokens)>0--", "\\' OR 1=1--", "' || (SELECT token FROM tokens)",
    "1/**/OR/**/1", "x' AND randomblob(500000000)--", "(", "*", "\0", "a\0' OR 1=1", "%27", "?",
    ":id", "@1", "$1", "NULL", "\U0001f4a5'", "title:x OR *", "NEAR(a b)", '"unclosed', "-x", "x^2",
]  # fmt: skip

#: Every parameter that a value of the caller's gets into; ``VALUE`` is where.
READS = [
    "/users/VALUE", "/users/VALUE/things", "/users/VALUE/flattrs", "/things/VALUE",
    "/things/1,VALUE",
    "/things/VALUE/flattrs", "/things/lookup?url=VALUE", "/things/lookup/q/VALUE",
    *(f"/things/search?{name}=VALUE" for name in
      ("query", "tags", "category", "language", "user", "url", "sort", "count", "page")),
    "/users/alice/flattrs?count=VALUE", "/users/alice/things?page=VALUE&full=VALUE",
]  # fmt: skip


#: Those that may name the one thing that there is; of tags, ``|`` means "or".
LISTING_THINGS = {
    "/things/1,VALUE",
    *(f"/things/search?{name}=VALUE" for name in ("tags", "sort", "page", "count")),
}


def rows(served: Served) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the ledger."""
    with closing(sqlite3.connect(served.file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        names = [name for (name,) in db.execute(query)]
        return {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608


@pytest.mark.parametrize("read", READS)
def test_no_parameter_is_a_statement(served: Served, read: str) -> None:
    """The same kind of answer as to a word that means nothing, and an untouched ledger."""
    before = rows(served)
    token = served.token("alice")
    hashed = hashlib.sha256(token.encode()).hexdigest()
    assert hashed in str(rows(served)["tokens"])
    for statement in STATEMENTS:
        path = "/rest/v2" + read.replace("VALUE", quote(statement, safe=""))
        reply = send(served.port, GOOD.replace(b"/rest/v2/", path.encode()))
        assert reply.status in (200, 302, 400, 404), (statement, reply)
        assert is_sound(reply)
        assert SECRETLY.encode() not in reply.body
        found = json.loads(reply.body)
        things = found.get("things", []) if isinstance(found, dict) else found
        assert things == [] or read in LISTING_THINGS, statement
        assert not any(secret.encode() in reply.body for secret in (token, hashed))
    after = rows(served)
    del before["tokens"], after["tokens"]
    assert after == before


WRITES = [
    ("/flattr", {"url": "VALUE"}),
    ("/flattr/bulk", [{"url": "VALUE"}]),
    ("/things", {"url": "https://alice.example/VALUE", "title": "VALUE", "description": "VALUE",
                 "category": "VALUE", "language": "VALUE", "tags": "VALUE"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), WRITES, ids=[path for path, _ in WRITES])
def test_what_is_stored_is_stored_as_it_is(served: Served, path: str, body: object) -> None:
    token = served.token("alice")
    users = rows(served)["users"]
    for statement in STATEMENTS:
        filled = json.dumps(body).replace("VALUE", json.dumps(statement)[1:-1]).encode()
        head = (
            f"POST /rest/v2{path} HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(filled)}\r\n\r\n"
        )
        reply = send(served.port, head.encode() + filled)
        assert reply.status in (200, 201, 400, 403), (statement, reply)
        assert is_sound(reply)
        if reply.status == 201:
            link = b"/rest/v2/things/%d" % json.loads(reply.body)["id"]
            thing = json.loads(send(served.port, GOOD.replace(b"/rest/v2/", link)).body)
            assert thing["title"] == statement
    after = rows(served)
    assert [user for user in after["users"] if user[1] in {row[1] for row in users}] == users
