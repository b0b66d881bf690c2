"""The three worlds of the contract: the bare ledger, served to the client, and served raw."""

import http.client
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from flattr_host.api.errors import FlattrError, error_of
from flattr_host.api.objects import (
    COUNT,
    Choice,
    Flattr,
    Flattred,
    Lookup,
    Search,
    SearchResult,
    Thing,
    ThingChange,
    ThingDraft,
    User,
)
from flattr_host.api.remote import RemoteBackend
from flattr_host.api.secret import Secret
from flattr_host.backend import Backend
from flattr_host.discovery.rules import Rules
from flattr_host.ledger import Addresses, Ledger, Person, Store
from flattr_host.ledger.accounts import Accounts

#: ``flattr-host serve`` as the console script starts it.
SERVE = [sys.executable, "-I", "-c", "from flattr_host.cli import main; main()", "serve"]

_T = TypeVar("_T")

RATE_LIMIT = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Current")


class Caller(NamedTuple):
    """A user of a world and the backend that makes their calls."""

    name: str
    calls: Backend


class World:
    """Users and addresses that no other test of the same ledger has."""

    _numbers = itertools.count(1)

    def __init__(
        self,
        kind: str,
        store: Store,
        backend: Callable[[str | None, Accounts], Backend],
    ) -> None:
        self.kind = kind
        self.accounts = Accounts(store)
        self._backend = backend

    def user(self, means: int | None = None, *, hides_flattrs: bool = False) -> Caller:
        """Somebody new."""
        name = f"Somebody{next(self._numbers)}"
        self.accounts.add_user(name, None, means, hides_flattrs)
        return Caller(name, self._backend(name, self.accounts))

    def nobody(self) -> Backend:
        """Calls without a token."""
        return self._backend(None, self.accounts)

    def repository(self) -> str:
        """A discoverable URL."""
        return f"https://github.com/owner{next(self._numbers)}/repository"

    def page(self) -> str:
        """A URL that nothing can be found out from."""
        return f"https://blog.example/{next(self._numbers)}?a=1&b=2"


def autosubmit(url: str, owner: str, **more: str) -> str:
    return "http://flattr.com/submit/auto?" + urlencode({"url": url, "user_id": owner} | more)


class Served:
    """A real ``flattr-host serve`` process."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        Store(str(ledger)).close()
        command = [*SERVE, "--port", "0", "--json", "--rate-limit", "100000"]
        self.process = subprocess.Popen([*command, "--ledger", str(ledger)], stdout=subprocess.PIPE)
        assert self.process.stdout
        ready = json.loads(self.process.stdout.readline())
        self.url, self.api_url = str(ready["url"]), str(ready["api_url"])

    def stop(self) -> int:
        """Its exit code, after SIGTERM."""
        self.process.terminate()
        code = self.process.wait(15)
        assert self.process.stdout
        self.process.stdout.close()
        return code


def embedded(path: Path) -> World:
    store = Store(str(path))
    addresses = Addresses("http://ledger.example/rest/v2", "http://ledger.example")
    rules = Rules(server=addresses.web_url)

    def backend(name: str | None, accounts: Accounts) -> Backend:
        if name is None:
            return Ledger(store, None, addresses=addresses, rules=rules)
        means = next(it.means for it in accounts.users() if it.username == name)
        person = Person(name, means=means != 0)
        return Ledger(store, person, addresses=addresses, rules=rules)

    return World("embedded", store, backend)


def through_the_client(served: Served) -> World:
    return World(
        "client",
        Store(str(served.ledger)),
        lambda name, accounts: RemoteBackend(
            served.api_url, Secret(_token(name, accounts)) if name else None
        ),
    )


def raw(served: Served) -> World:
    return World(
        "raw",
        Store(str(served.ledger)),
        lambda name, accounts: RawCalls(served.api_url, _token(name, accounts) if name else None),
    )


def _token(name: str, accounts: Accounts) -> str:
    return accounts.add_token(name, frozenset({"flattr", "thing"}))


class RawCalls:
    """The calls by hand, each answer held against the documented form: nothing is forgiven."""

    def __init__(self, api_url: str, token: str | None) -> None:
        self._netloc, self._path = urlsplit(api_url).netloc, urlsplit(api_url).path
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def flattr(self, url: str) -> Flattred:
        return self._strict(Flattred, self._call("POST", "/flattr", {"url": url}))

    def flattr_thing(self, thing_id: int) -> Flattred:
        return self._strict(Flattred, self._call("POST", f"/things/{thing_id}/flattr"))

    def flattr_bulk(self, urls: Sequence[str]) -> list[Flattred | FlattrError]:
        outcomes = self._call("POST", "/flattr/bulk", [{"url": url} for url in urls])
        assert [outcome.pop("url") for outcome in outcomes] == list(urls)
        return [
            error_of(it["error"], it["error_description"], status=200)
            if "error" in it
            else self._strict(Flattred, it)
            for it in outcomes
        ]

    def flattrs(self, count: int = COUNT, page: int = 1, full: bool = False) -> list[Flattr]:
        return self._list(Flattr, "/user/flattrs", count, page, full)

    def user_flattrs(
        self, username: str, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        return self._list(Flattr, f"/users/{quote(username)}/flattrs", count, page, full)

    def thing_flattrs(
        self, thing_id: int, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        return self._list(Flattr, f"/things/{thing_id}/flattrs", count, page, full)

    def lookup(self, url: str) -> Lookup:
        status, headers, body = self._exchange("GET", f"/things/lookup?url={quote(url, '')}")
        answer = json.loads(body)
        if status == 302:
            assert answer == {"message": "found", "location": headers["Location"]}
            assert urlsplit(headers["Location"]).netloc == self._netloc
            path = urlsplit(headers["Location"]).path.removeprefix(self._path)
            return Lookup(message="found", thing=self._strict(Thing, self._call("GET", path)))
        if status == 404:  # both documented shapes in one
            assert answer["message"] == answer["error"] == "not_found"
            assert answer["description"] == answer["error_description"] == "No thing was found"
        else:
            _check(status, answer)
        return Lookup(message=answer["message"])

    def thing(self, thing_id: int) -> Thing:
        return self._strict(Thing, self._call("GET", f"/things/{thing_id}"))

    def things(self, thing_ids: Sequence[int]) -> list[Thing]:
        return self._strict(
            list[Thing], self._call("GET", f"/things/{','.join(map(str, thing_ids))}")
        )

    def user(self, username: str | None = None) -> User:
        return self._strict(User, self._call("GET", f"/users/{username}" if username else "/user"))

    def user_things(
        self, username: str | None = None, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Thing]:
        path = f"/users/{username}/things" if username else "/user/things"
        return self._list(Thing, path, count, page, full)

    def search(
        self, search: Search, count: int = COUNT, page: int = 1, full: bool = False
    ) -> SearchResult:
        asked = {name: value for name, value in msgspec.structs.asdict(search).items() if value}
        query = urlencode(asked | _page(count, page, full))
        return self._strict(SearchResult, self._call("GET", f"/things/search?{query}"))

    def categories(self) -> list[Choice]:
        return self._strict(list[Choice], self._call("GET", "/categories"))

    def languages(self) -> list[Choice]:
        return self._strict(list[Choice], self._call("GET", "/languages"))

    def create_thing(self, draft: ThingDraft) -> int:
        body = msgspec.to_builtins(draft) | {"tags": ",".join(draft.tags)}
        answer = self._call("POST", "/things", body, status=201)
        assert list(answer) == ["id", "link", "message", "description"]
        return int(answer["id"])

    def update_thing(self, thing_id: int, change: ThingChange) -> None:
        body = msgspec.to_builtins(change)
        if "tags" in body:
            body["tags"] = ",".join(body["tags"])
        answer = self._call("PATCH", f"/things/{thing_id}", body)
        assert answer["message"] == "ok"

    def delete_thing(self, thing_id: int) -> None:
        status, _, body = self._exchange("DELETE", f"/things/{thing_id}")
        if status != 204:
            _check(status, json.loads(body))
        assert body == b""

    def _list(self, kind: type[_T], path: str, count: int, page: int, full: bool) -> list[_T]:
        query = urlencode(_page(count, page, full))
        return [self._strict(kind, it) for it in self._call("GET", f"{path}?{query}")]

    def _strict(self, kind: type[_T], value: Any) -> _T:
        """``value`` as a ``kind``: no type bent, and no field that the API does not have."""
        converted = msgspec.convert(value, kind, strict=True)
        assert json.loads(msgspec.json.encode(converted)) == value
        return converted

    def _call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        found, _, content = self._exchange(method, path, body)
        answer = json.loads(content)
        _check(found, answer, status)
        return answer

    def _exchange(
        self, method: str, path: str, body: Any = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(self._netloc, timeout=10)
        headers = dict(self._headers)
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection.request(method, self._path + path, content, headers)
        reply = connection.getresponse()
        try:
            payload = reply.read()
        finally:
            connection.close()
        if reply.status != 204:
            assert reply.headers["Content-Type"] == "application/json;charset=utf-8"
        limit, remaining, current = (int(reply.headers[name]) for name in RATE_LIMIT)
        assert limit == remaining + current
        assert int(reply.headers["X-RateLimit-Reset"]) % 3600 == 0
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        return reply.status, reply.headers, payload


def _page(count: int, page: int, full: bool) -> dict[str, Any]:
    return {"count": count, "page": page} | ({"full": 1} if full else {})


def _check(found: int, answer: Any, expected: int = 200) -> None:
    """Raises what the API's error word stands for."""
    if found == expected:
        return
    assert {"error", "error_description", "error_uri"} <= set(answer)
    error: FlattrError = error_of(answer["error"], answer["error_description"], status=found)
    assert found == getattr(type(error), "status", None), "the documented status of the word"
    raise error
