"""What the tests of a served ledger stand on."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient

from flattr_host.ledger import Store
from flattr_host.ledger.accounts import Accounts
from flattr_host.ledger.server import application
from flattr_host.ledger.service import Service

#: Where the ledgers of these tests say that they are; not where the test server listens.
BASE = "http://ledger.example:8765"
API = f"{BASE}/rest/v2"
PASSWORD = "correct horse"


@dataclass
class Ground:
    """A served ledger and a client of it, in this process."""

    client: "TestClient[Any, Any]"
    accounts: Accounts
    store: Store
    service: Service

    async def call(
        self, method: str, path: str, token: str | None = None, **options: Any
    ) -> ClientResponse:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        options.setdefault("allow_redirects", False)
        return await self.client.request(method, f"/rest/v2{path}", headers=headers, **options)

    def token(self, name: str = "qzio", scope: str = "flattr thing", **user: Any) -> str:
        if name not in {account.username for account in self.accounts.users()}:
            self.accounts.add_user(name, user.pop("password", None), **user)
        return self.accounts.add_token(name, frozenset(scope.split()))


MakeGround = Callable[..., Awaitable[Ground]]


@pytest.fixture
def make_ground(tmp_path: Path, aiohttp_client: Any, flattr_home: Any) -> Iterator[MakeGround]:
    """Serves a new ledger; options as those of ``Service``."""
    assert flattr_home
    stores: list[Service] = []

    async def make(base_url: str = BASE, rate_limit: int = 1000, **options: Any) -> Ground:
        store = Store(str(tmp_path / "served" / f"ledger{len(stores)}.sqlite3"))
        service = Service(store, base_url, rate_limit=rate_limit, **options)
        stores.append(service)
        jar = CookieJar(unsafe=True)  # cookies of an address too
        client = await aiohttp_client(application(service), cookie_jar=jar)
        return Ground(client, service.accounts, store, service)

    yield make
    for service in stores:
        service.close()
