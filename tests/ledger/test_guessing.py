"""Guesses at tokens, codes, secrets and passwords: bounded, logged without them, told nothing."""

import ast
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import flattr_host
from flattr_host.ledger.service import WRONG_SECRETS_AN_HOUR
from flattr_host.ledger.sessions import FREE_ATTEMPTS_OF_ADDRESS, FREE_ATTEMPTS_OF_NAME, Attempts
from tests.conftest import Home
from tests.ledger.conftest import Ground, MakeGround
from tests.ledger.test_oauth import REDEEMING

pytestmark = pytest.mark.asyncio

SAID = "wrong tokens, codes or secrets from"


async def guess(ground: Ground, kind: str, secret: str, address: str) -> Any:
    """One guess, as a proxy passes it on."""
    headers = {"X-Forwarded-For": address}
    if kind == "token":
        return await ground.call("GET", "/user", secret, headers=headers)
    path = "/oauth/revoke" if kind == "revoked" else "/oauth/token"
    fields: dict[str, dict[str, str]] = {
        "code": REDEEMING | {"code": secret},
        "secret": REDEEMING | {"client_id": "pod", "client_secret": secret, "code": "x"},
        "revoked": {"token": secret},
    }
    return await ground.client.post(path, data=fields[kind], headers=headers)


@pytest.mark.parametrize("kind", ["token", "code", "secret", "revoked"])
@pytest.mark.parametrize("rate_limit", [0, 1000])
async def test_guesses_are_bounded(
    make_ground: MakeGround, flattr_home: Home, kind: str, rate_limit: int
) -> None:
    ground = await make_ground(rate_limit=rate_limit, is_behind_proxy=True)
    token = ground.token()
    attacker, other = "192.0.2.1", "192.0.2.2"
    answers = {
        (await guess(ground, kind, f"my-secret-{number}", attacker)).status
        for number in range(WRONG_SECRETS_AN_HOUR)
    }
    assert not answers & {403, 429}
    for number in range(3):
        refused = await guess(ground, kind, f"my-secret-{number}", attacker)
        assert refused.status == (403 if kind == "token" else 429)
        assert (await refused.json())["error"] == "rate_limit_exceeded"
    assert (await guess(ground, kind, "my-secret", other)).status in answers
    assert (await guess(ground, "token", token, attacker)).status == 200  # who shares the address
    log = flattr_home.log.read_text()
    assert (log.count(SAID), f"{SAID} {attacker}\n" in log) == (1, True)
    assert "secret-" not in log


async def test_guessing_passwords_is_logged_without_them(flattr_home: Home) -> None:
    attempts = Attempts(lambda: 0.0)
    for _ in range(FREE_ATTEMPTS_OF_NAME + 3):
        attempts.begin("hunter2", "192.0.2.1")
    for number in range(FREE_ATTEMPTS_OF_ADDRESS + 3):
        attempts.begin(f"name{number}", "192.0.2.2")
    lines = [line.split(" ", 2)[2] for line in flattr_home.log.read_text().splitlines()]
    assert lines == [
        f"{FREE_ATTEMPTS_OF_NAME} wrong passwords of one name, the last by 192.0.2.1",
        f"{FREE_ATTEMPTS_OF_ADDRESS} wrong passwords of one address, the last by 192.0.2.2",
    ]


async def test_a_token_is_looked_up_by_its_hash(make_ground: MakeGround) -> None:
    """So that the time that it takes tells how much of a hash is right, which helps nobody."""
    ground = await make_ground()
    token, chosen = ground.token(), "chosen"
    for stored, accepted in ((chosen, False), (sha256(chosen.encode()).hexdigest(), True)):
        with ground.store.transaction() as db:
            db.execute("UPDATE tokens SET token = ?", (stored,))
        assert (await ground.call("GET", "/user", chosen)).status == (200 if accepted else 401)
    assert (await ground.call("GET", "/user", token)).status == 401


SECRET_NAMES = {
    "token", "secret", "state", "verifier", "challenge", "password", "mac", "hashed", "known",
    "form_token", "client_secret", "code_verifier", "expected",
}  # fmt: skip

COMPARING = [
    "ledger/accounts.py", "ledger/sessions.py", "ledger/oauth.py", "ledger/rest.py",
    "ledger/pages.py", "ledger/authorizing.py", "account/loopback.py", "account/oauth.py",
]  # fmt: skip


@pytest.mark.parametrize("file", COMPARING)
async def test_secrets_are_compared_in_constant_time(file: str) -> None:
    """No ``==`` has a secret beside it; those that are none are compared with a constant."""
    tree = ast.parse(Path(flattr_host.__file__).parent.joinpath(file).read_text())
    found = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and all(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and not any(isinstance(it, ast.Constant) for it in (node.left, *node.comparators))
        and any(_name(it) in SECRET_NAMES for it in (node.left, *node.comparators))
    ]
    assert found == []


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    return node.id if isinstance(node, ast.Name) else ""
