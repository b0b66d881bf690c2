"""What real clients sent, byte by byte, to the real server."""

import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.ledger.served import Served, run

REPOSITORY = "https://github.com/smgt/flattr"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Wire:
    """Sends bytes as they are; ``TOKEN`` and ``HOST`` in them are replaced."""

    def __init__(self, served: Served, token: str) -> None:
        self.served, self.token = served, token

    def send(self, *lines: str, body: str = "") -> Reply:
        host = f"127.0.0.1:{self.served.port}"
        text = "\r\n".join((*lines, "", body)).replace("TOKEN", self.token).replace("HOST", host)
        with socket.create_connection(("127.0.0.1", self.served.port), timeout=10) as connection:
            connection.sendall(text.encode())
            stream = connection.makefile("rb")
            status = stream.readline().decode()
            fields = iter(lambda: stream.readline().decode().strip(), "")
            headers = dict(field.split(": ", 1) for field in fields)
            rest = stream.read(int(headers.get("Content-Length", 0)))
        return Reply(int(status.split()[1]), headers, json.loads(rest) if rest else None)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("clients")
    with Served(folder / "ledger.sqlite3") as it:
        yield it


@pytest.fixture
def wire(served: Served, request: pytest.FixtureRequest) -> Wire:
    name = re.sub(r"\W", "-", request.node.name.removeprefix("test_"))
    served.add_user(name, *(["--no-means"] if "no_means" in name else []))
    return Wire(served, served.token(name))


HEADERS = (
    "Host: HOST",
    "User-Agent: python-requests/0.13.2 CPython/2.7.3 Linux/3.2.0",
    "Accept-Encoding: identity, deflate, compress, gzip",
    "Accept: application/json",
    "Authorization: Bearer TOKEN",
)


def test_python_flattr(wire: Wire) -> None:
    form = "url=http%3A%2F%2Fpy.example%2F&hidden=False&title=T&description=D&tags=a%2Cb"
    post = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}")
    created = wire.send("POST /rest/v2/things/ HTTP/1.1", *HEADERS, *post, body=form)
    assert (created.status, created.body["message"]) == (201, "ok")
    number = created.body["id"]
    thing = wire.send(f"GET /rest/v2/things/{number} HTTP/1.1", *HEADERS).body
    assert (thing["hidden"], thing["tags"]) == (False, ["a", "b"])
    empty = ("Content-Length: 0",)
    own = wire.send(f"POST /rest/v2/things/{number}/flattr HTTP/1.1", *HEADERS, *empty)
    assert (own.status, own.body["error"]) == (403, "flattr_owner")
    some = wire.send("GET /rest/v2/user/flattrs?count=5&full=False HTTP/1.1", *HEADERS)
    assert (some.status, some.body) == (200, [])
    found = wire.send(
        "GET /rest/v2/things/lookup?url=http%3A%2F%2Fpy.example%2F HTTP/1.1", *HEADERS
    )
    location = f"{wire.served.api_url}/things/{number}"
    assert (found.status, found.headers["Location"]) == (302, location)
    miss = wire.send("GET /rest/v2/things/lookup?url=http%3A%2F%2Fno.example%2F HTTP/1.1", *HEADERS)
    assert (miss.status, miss.body["error"]) == (404, "not_found")


def test_the_ruby_gem(wire: Wire) -> None:
    headers = (
        "User-Agent: Flattr Ruby Gem 0.3.7",
        "Content-Type: application/json",
        "Accept: application/json",
        "Authorization: Bearer TOKEN",
        "Connection: close",
        "Host: HOST",
    )
    # A type, and no body.
    history = wire.send("GET /rest/v2/user/flattrs?full HTTP/1.1", *headers)
    assert (history.status, history.body) == (200, [])
    body = json.dumps({"url": REPOSITORY})
    length = f"Content-Length: {len(body)}"
    flattred = wire.send("POST /rest/v2/flattr HTTP/1.1", *headers, length, body=body)
    assert (flattred.status, flattred.body["message"]) == (200, "ok")
    number = flattred.body["thing"]["id"]
    once = wire.send(
        f"POST /rest/v2/things/{number}/flattr HTTP/1.1", *headers, "Content-Length: 0"
    )
    assert (once.status, once.body["error"]) == (403, "flattr_once")
    path = "/rest/v2/things/lookup?url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fflattr"
    found = wire.send(f"GET {path} HTTP/1.1", *headers)
    assert found.body["location"] == f"{wire.served.api_url}/things/{number}"
    (full,) = wire.send("GET /rest/v2/user/flattrs?full HTTP/1.1", *headers).body
    assert "firstname" in full["owner"]
    draft = json.dumps({"url": "http://gem.example/", "title": "T", "tags": "x,y"})
    length = f"Content-Length: {len(draft)}"
    created = wire.send("POST /rest/v2/things HTTP/1.1", *headers, length, body=draft).body["id"]
    patch = json.dumps({"title": "U"})
    length = f"Content-Length: {len(patch)}"
    done = wire.send(f"PATCH /rest/v2/things/{created} HTTP/1.1", *headers, length, body=patch)
    assert (done.status, done.body["message"]) == (200, "ok")
    assert wire.send(f"DELETE /rest/v2/things/{created} HTTP/1.1", *headers).status == 204


def test_node_flattr(wire: Wire) -> None:
    headers = ("Authorization: Bearer TOKEN", "Host: HOST", "Connection: close")  # and no Accept
    json_type = "Content-Type: application/json"
    target = "http://node.example/page?a=1&b=2"
    submit = f"http://flattr.com/submit/auto?user_id=node&url={target.replace('&', '%26')}"
    body = json.dumps({"url": submit})
    length = f"Content-Length: {len(body)}"
    post = ("POST /rest/v2/flattr HTTP/1.1", *headers, json_type, length)
    number = wire.send(*post, body=body).body["thing"]["id"]
    found = wire.send(f"GET /rest/v2/things/lookup?url={target} HTTP/1.1", *headers)
    assert found.headers["Location"] == f"{wire.served.api_url}/things/{number}"
    found = wire.send(f"GET /rest/v2/things/lookup/?url={submit} HTTP/1.1", *headers)
    assert found.status == 302
    some = wire.send("GET /rest/v2/user/flattrs?count=&page= HTTP/1.1", *headers)
    assert [flattr["thing"]["id"] for flattr in some.body] == [number]
    braces = (json_type, "Content-Length: 2")
    once = wire.send(f"POST /rest/v2/things/{number}/flattr HTTP/1.1", *headers, *braces, body="{}")
    assert once.body["error"] == "flattr_once"
    no_user = "https://flattr.com/submit/auto?user_id=&url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fnode"
    body = json.dumps({"url": no_user})
    length = f"Content-Length: {len(body)}"
    post = ("POST /rest/v2/flattr HTTP/1.1", *headers, json_type, length)
    assert wire.send(*post, body=body).status == 200
    draft = json.dumps({"url": "http://mine.example/"})
    length = f"Content-Length: {len(draft)}"
    post = ("POST /rest/v2/things HTTP/1.1", *headers, json_type, length)
    mine = wire.send(*post, body=draft).body["id"]
    patch = json.dumps({"title": "N", "_method": "patch"})
    length = f"Content-Length: {len(patch)}"
    line = f"PATCH /rest/v2/things/{mine} HTTP/1.1"
    assert wire.send(line, *headers, json_type, length, body=patch).status == 200


def test_flattr4j(wire: Wire) -> None:
    headers = (
        "Accept: application/json",
        "Accept-Charset: utf-8",
        "Authorization: Bearer TOKEN",
        "User-Agent: flattr4j Java/1.7",
        "Host: HOST",
        "Connection: Keep-Alive",
    )
    pages = [
        wire.send(f"GET /rest/v2/user/flattrs?count=30&page={page} HTTP/1.1", *headers)
        for page in (0, 1)
    ]
    assert [(page.status, page.body) for page in pages] == [(200, [])] * 2
    draft = json.dumps({"url": "http://java.example/", "title": "T", "hidden": True})
    post = ("Content-Type: application/json; charset=utf-8", f"Content-Length: {len(draft)}")
    created = wire.send("POST /rest/v2/things HTTP/1.1", *headers, *post, body=draft)
    thing = wire.send(f"GET /rest/v2/things/{created.body['id']} HTTP/1.1", *headers).body
    assert thing["hidden"] is True
    miss = wire.send("GET /rest/v2/things/lookup/?url=http%3A%2F%2Fno.example HTTP/1.1", *headers)
    assert miss.body["message"] == "not_found"
    several = wire.send(f"GET /rest/v2/things/{created.body['id']},999 HTTP/1.1", *headers)
    assert [thing["id"] for thing in several.body] == [created.body["id"]]


def test_gpodder(wire: Wire) -> None:
    headers = ("Accept-Encoding: identity", "Host: HOST", "Connection: close")
    agent = "User-Agent: gPodder/3.5.0 (+http://gpodder.org/)"
    reachable = wire.send("GET /rest/v2 HTTP/1.1", *headers, agent)
    assert reachable.body == {"message": "hello_world"}
    submit = (
        "https%3A%2F%2Fflattr.com%2Fsubmit%2Fauto%3Fuser_id%3Dpod%26url%3Dhttp%3A%2F%2Fp.example"
    )
    form = f"url={submit}"
    post = (
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
        "Authorization: Bearer TOKEN",
        agent,
    )
    first, second = (
        wire.send("POST /rest/v2/flattr HTTP/1.1", *headers, *post, body=form) for _ in "12"
    )
    assert (first.status, first.body["description"]) == (200, "Thing was successfully flattred")
    assert (second.status, second.body["error"]) == (403, "flattr_once")


def test_gpodder_with_no_means(wire: Wire) -> None:
    form = "url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fpod"
    post = (f"Content-Length: {len(form)}", "Authorization: Bearer TOKEN", "Host: HOST")
    refused = wire.send("POST /rest/v2/flattr HTTP/1.1", *post, body=form)
    assert (refused.status, refused.body["error"]) == (401, "no_means")


@pytest.mark.parametrize("is_json", [True, False])
def test_a_token_request_with_basic(wire: Wire, is_json: bool) -> None:
    args = ("--redirect-uri", "https://pod.example/back", "--json")
    made = json.loads(run("apps", "add", "gPodder", *args, "--ledger", wire.served.file).stdout)
    pair = f"{made['client_id']}:{made['client_secret']}"
    fields = {"code": "wrong", "grant_type": "authorization_code"}
    body = json.dumps(fields) if is_json else "code=wrong&grant_type=authorization_code"
    kind = "application/json" if is_json else "application/x-www-form-urlencoded"
    answer = wire.send(
        "POST /oauth/token HTTP/1.1",
        "Host: HOST",
        f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        body=body,
    )
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
