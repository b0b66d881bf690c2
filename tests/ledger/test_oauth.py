"""OAuth over real HTTP: signing in, saying yes, codes, tokens, and everything that is refused."""

import base64
import hashlib
import html
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from flattr_host.ledger.oauth import CODE_SECONDS
from tests.ledger.conftest import PASSWORD, Ground, MakeGround

pytestmark = pytest.mark.asyncio

VERIFIER = "v" * 50
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
BACK = "http://127.0.0.1:4711/"
PUBLIC = {
    "response_type": "code",
    "client_id": "flattr-host",
    "redirect_uri": BACK,
    "state": "a state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
REDEEMING = {
    "grant_type": "authorization_code",
    "client_id": "flattr-host",
    "redirect_uri": BACK,
    "code_verifier": VERIFIER,
}


def form_of(page: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in fields}


async def sign_in(ground: Ground, name: str = "alice") -> None:
    if name not in {user.username for user in ground.accounts.users()}:
        ground.accounts.add_user(name, PASSWORD)
    page = await (await ground.client.get("/sign-in")).text()
    fields = form_of(page) | {"username": name, "password": PASSWORD}
    answer = await ground.client.post("/sign-in", data=fields, allow_redirects=False)
    assert answer.status == 303


async def ask(ground: Ground, asked: dict[str, str], slash: str = "") -> Any:
    query = urlencode(asked)
    return await ground.client.get(f"/oauth/authorize{slash}?{query}", allow_redirects=False)


async def decide(ground: Ground, asked: dict[str, str], decision: str = "allow") -> dict[str, str]:
    page = await (await ask(ground, asked)).text()
    form = page.split("<main>")[1]
    fields = form_of(form) | {"decision": decision}
    answer = await ground.client.post("/oauth/authorize", data=fields, allow_redirects=False)
    assert answer.status == 303
    location = answer.headers["Location"]
    expected = asked.get("redirect_uri", BACK)
    assert location.startswith(expected.split("?")[0])
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def redeem(ground: Ground, fields: dict[str, str], **options: Any) -> tuple[int, Any]:
    answer = await ground.client.post("/oauth/token", data=fields, **options)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return answer.status, await answer.json()


async def test_the_whole_way(make_ground: MakeGround) -> None:
    ground = await make_ground()
    before = await ask(ground, PUBLIC)
    assert before.status == 303
    assert before.headers["Location"].startswith("/sign-in?next=%2Foauth%2Fauthorize%3F")
    await sign_in(ground)
    consent = await ask(ground, PUBLIC | {"scope": "flattr,thing"}, slash="/")
    text = await consent.text()
    assert "flattr-host wants to flattr on your behalf" in text
    assert "127.0.0.1:4711" in text
    assert "add things of yours" in text
    policy = consent.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:4711;" in f"{policy};"
    said = await decide(ground, PUBLIC)
    assert said["state"] == "a state"
    status, body = await redeem(ground, REDEEMING | {"code": said["code"]})
    assert (status, list(body), body["token_type"]) == (
        200,
        ["access_token", "token_type"],
        "bearer",
    )
    me = await (await ground.call("GET", "/user", body["access_token"])).json()
    assert me["username"] == "alice"
    (token,) = ground.accounts.tokens("alice")
    assert (token.app, token.scope) == ("flattr-host", "flattr")
    await ground.client.post("/oauth/revoke", data={"token": body["access_token"]})
    assert (await ground.call("GET", "/user", body["access_token"])).status == 401
    again = await ground.client.post("/oauth/revoke", json={"token": "none"})
    assert again.status == 200
    assert (await ground.client.post("/oauth/revoke", data={})).status == 400


async def test_a_no(make_ground: MakeGround) -> None:
    ground = await make_ground()
    await sign_in(ground)
    said = await decide(ground, PUBLIC, "deny")
    assert (said["error"], said["state"], "code" in said) == ("access_denied", "a state", False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": "flattr everything"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
async def test_what_the_application_is_told(
    make_ground: MakeGround, change: dict[str, str], error: str
) -> None:
    ground = await make_ground()
    answer = await ask(ground, PUBLIC | change)
    assert answer.status == 303
    location = answer.headers["Location"]
    assert location.startswith(BACK)
    said = parse_qs(urlsplit(location).query)
    assert (said["error"], said["state"]) == ([error], ["a state"])


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"}, {"client_id": ""},
        {"redirect_uri": "https://evil.example/"}, {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": "http://127.0.0.1:4711/other"}, {"redirect_uri": "https://127.0.0.1:1/"},
        {"redirect_uri": "http://127.0.0.1@evil.example/"}, {"redirect_uri": "http://127.0.0.1:x/"},
        {"redirect_uri": "http://127.0.0.1:4711/?x=1"}, {"redirect_uri": "http://127.0.0.1:1/#f"},
        {"redirect_uri": "http://user@127.0.0.1:1/"}, {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://127.0.0.1:1/\r\nSet-Cookie: x=1"}, {"redirect_uri": "//evil"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"}, {"redirect_uri": "http://[::1].evil.example/"},
    ],
)  # fmt: skip
async def test_what_never_redirects(make_ground: MakeGround, change: dict[str, str]) -> None:
    ground = await make_ground()
    await sign_in(ground)
    answer = await ask(ground, PUBLIC | change)
    assert (answer.status, "Location" in answer.headers) == (400, False)
    assert "cannot be trusted" in await answer.text()


async def test_signing_in_says_who_asks(make_ground: MakeGround) -> None:
    ground = await make_ground()

    async def page(query: str) -> str:
        goal = f"/oauth/authorize?{query}"
        return await (await ground.client.get("/sign-in", params={"next": goal})).text()

    asks = "<strong>flattr-host</strong> asks to flattr on your behalf. Sign in to decide."
    answer = await ground.client.get(f"/oauth/authorize?{urlencode(PUBLIC)}")
    text = await answer.text()
    assert (answer.url.path, asks in text) == ("/sign-in", True)
    wrong = form_of(text) | {"username": "alice", "password": "wrong"}
    assert asks in await (await ground.client.post("/sign-in", data=wrong)).text()
    assert "asks to act on your behalf" in await page(urlencode(PUBLIC | {"scope": "thing"}))
    for change in ({"client_id": "x"}, {"redirect_uri": "https://evil.example/"}, {"scope": "x"}):
        assert "on your behalf" not in await page(urlencode(PUBLIC | change))
    assert "on your behalf" not in await (await ground.client.get("/sign-in")).text()


async def test_a_parameter_twice(make_ground: MakeGround) -> None:
    ground = await make_ground()
    query = urlencode([*PUBLIC.items(), ("client_id", "flattr-host")])
    answer = await ground.client.get(f"/oauth/authorize?{query}", allow_redirects=False)
    assert answer.status == 400


async def test_a_code_is_good_once_and_its_token_dies_with_a_second_use(
    make_ground: MakeGround,
) -> None:
    ground = await make_ground()
    await sign_in(ground)
    code = (await decide(ground, PUBLIC))["code"]
    _, body = await redeem(ground, REDEEMING | {"code": code})
    status, again = await redeem(ground, REDEEMING | {"code": code})
    assert (status, again["error"]) == (400, "invalid_grant")
    assert (await ground.call("GET", "/user", body["access_token"])).status == 401


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"code_verifier": "w" * 50}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:4712/"}, 400, "invalid_grant"),
        ({"redirect_uri": ""}, 400, "invalid_grant"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"code": "none"}, 400, "invalid_grant"),
        ({"code": ""}, 400, "invalid_request"),
    ],
)
async def test_what_gets_no_token(
    make_ground: MakeGround, change: dict[str, str], status: int, error: str
) -> None:
    ground = await make_ground()
    await sign_in(ground)
    code = (await decide(ground, PUBLIC))["code"]
    answer = await redeem(ground, REDEEMING | {"code": code} | change)
    assert (answer[0], answer[1]["error"]) == (status, error)
    assert ground.accounts.tokens() == []


async def test_a_code_expires(make_ground: MakeGround, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = await make_ground()
    await sign_in(ground)
    code = (await decide(ground, PUBLIC))["code"]
    from flattr_host.ledger import oauth

    monkeypatch.setattr(oauth, "CODE_SECONDS", -1)
    status, body = await redeem(ground, REDEEMING | {"code": code})
    assert (status, body["error_description"]) == (400, "The code has expired")
    assert CODE_SECONDS <= 60


async def test_a_confidential_application(make_ground: MakeGround) -> None:
    """As the Ruby gem and gPodder do it: a secret, Basic, JSON, and no redirect_uri."""
    ground = await make_ground()
    app, secret = ground.accounts.add_app("gem", "https://gem.example/back?x=1")
    other, other_secret = ground.accounts.add_app("other", "https://other.example/")
    await sign_in(ground)
    asked = {"response_type": "code", "client_id": app.client_id, "scope": "flattr,thing"}

    async def code() -> str:
        fields = asked | {"redirect_uri": app.redirect_uri}
        page = await (await ask(ground, asked)).text()
        form = form_of(page.split("<main>")[1]) | {"decision": "allow"}
        answer = await ground.client.post("/oauth/authorize", data=form, allow_redirects=False)
        assert answer.headers["Location"].startswith(f"{fields['redirect_uri']}&code=")
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def basic(client_id: str, password: str) -> dict[str, str]:
        pair = base64.b64encode(f"{client_id}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    fields = {"grant_type": "authorization_code"}
    for headers in (basic(app.client_id, "wrong"), basic(other.client_id, other_secret), {}):
        answer = await ground.client.post(
            "/oauth/token", json=fields | {"code": await code()}, headers=headers
        )
        assert answer.status in (400, 401)
        assert answer.status == 400 or "WWW-Authenticate" in answer.headers
    given = fields | {"code": await code()}
    answer = await ground.client.post(
        "/oauth/token", json=given, headers=basic(app.client_id, secret)
    )
    assert answer.status == 200
    given = fields | {"code": await code(), "client_id": app.client_id, "client_secret": secret}
    assert (await redeem(ground, given))[0] == 200
    headers = {"Authorization": "Basic %%%"}
    assert (await redeem(ground, given, headers=headers))[0] == 401


async def test_a_code_is_not_for_another_application(make_ground: MakeGround) -> None:
    ground = await make_ground()
    await sign_in(ground)
    other, _ = ground.accounts.add_app("other", "http://127.0.0.1/", confidential=False)
    code = (await decide(ground, PUBLIC))["code"]
    given = REDEEMING | {"code": code, "client_id": other.client_id}
    assert (await redeem(ground, given))[1]["error"] == "invalid_grant"
    assert (await redeem(ground, REDEEMING | {"code": code}))[0] == 200  # the thief burnt nothing


async def test_pages_of_other_origins_may_redeem_and_not_consent(make_ground: MakeGround) -> None:
    ground = await make_ground()
    asked = await ground.client.options("/oauth/token")
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    answer = await ground.client.post("/oauth/token", data="[" * 10, headers={})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    consent = await ask(ground, PUBLIC)
    assert "Access-Control-Allow-Origin" not in consent.headers


async def test_consent_needs_our_own_form(make_ground: MakeGround) -> None:
    ground = await make_ground()
    await sign_in(ground)
    page = (await (await ask(ground, PUBLIC)).text()).split("<main>")[1]
    fields = form_of(page) | {"decision": "allow"}
    for change, headers in (
        ({"form_token": ""}, {}),
        ({"form_token": "0" * 64}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Origin": "null"}),
    ):
        answer = await ground.client.post(
            "/oauth/authorize", data=fields | change, headers=headers, allow_redirects=False
        )
        assert answer.status == 403
    evil = fields | {"request": urlencode(PUBLIC | {"redirect_uri": "https://evil.example/"})}
    answer = await ground.client.post("/oauth/authorize", data=evil, allow_redirects=False)
    assert answer.status == 400


async def test_many_codes_are_bounded(make_ground: MakeGround) -> None:
    from flattr_host.ledger import oauth
    from flattr_host.ledger.oauth import Codes, read_authorization

    ground = await make_ground()
    asked = read_authorization(ground.accounts, PUBLIC.items())
    at = [time.time()]
    codes = Codes(ground.accounts, lambda: at[0])
    first = codes.issue(asked, "alice")
    for _ in range(oauth.MAX_CODES):
        codes.issue(asked, "alice")
    assert len(codes._grants) == oauth.MAX_CODES
    assert first not in codes._grants
    at[0] += oauth.REMEMBERED_SECONDS + 1
    codes.issue(asked, "alice")
    assert len(codes._grants) == 1
