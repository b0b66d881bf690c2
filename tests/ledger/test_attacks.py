"""What a page of somebody else's can make a browser do to a served ledger: nothing."""

import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from flattr_host.ledger.sessions import Sessions
from tests.ledger.conftest import API, BASE, PASSWORD, Ground, MakeGround
from tests.ledger.test_oauth import BACK, PUBLIC, ask, form_of, sign_in

pytestmark = pytest.mark.asyncio

COOKIE = "flattr-host-8765"
EVIL_ORIGINS = [
    "https://evil.example", "null", "", "http://ledger.example", "http://ledger.example:8766",
    "https://ledger.example:8765", f"{BASE}.evil.example", "http://ledger.example:8765@evil.example",
    "file://", "moz-extension://x", "http://127.0.0.1",
]  # fmt: skip


async def forms(ground: Ground) -> dict[str, dict[str, str]]:
    """Each form of the pages, as it is sent in this browser."""
    ground.accounts.add_user("bob", PASSWORD)
    await sign_in(ground)
    signed_in = form_of(await (await ground.client.get("/")).text())
    consent = await (await ask(ground, PUBLIC)).text()
    typed = {"username": "bob", "password": PASSWORD, "next": "/"}
    return {
        "/sign-in": form_of(await (await ground.client.get("/sign-in")).text()) | typed,
        "/oauth/authorize": form_of(consent.split("<main>")[1]) | {"decision": "allow"},
        "/sign-out": signed_in,
    }


async def post(ground: Ground, path: str, fields: dict[str, str], **options: Any) -> Any:
    return await ground.client.post(path, data=fields, allow_redirects=False, **options)


async def viewer(ground: Ground) -> str:
    found = re.search(r'href="/user/(\w+)"', await (await ground.client.get("/")).text())
    return found[1] if found else ""


async def test_every_form_of_another_page_is_refused(make_ground: MakeGround) -> None:
    ground = await make_ground()
    for path, fields in (await forms(ground)).items():
        without = {name: value for name, value in fields.items() if name != "form_token"}
        wrong = [without, fields | {"form_token": ""}, fields | {"form_token": "0" * 64}]

        wrong.append(fields | {"form_token": fields["form_token"].upper()})
        for attempt in wrong:
            assert (await post(ground, path, attempt)).status == 403, path
        for origin in EVIL_ORIGINS:
            refused = await post(ground, path, fields, headers={"Origin": origin})
            assert (refused.status, "Location" in refused.headers) == (403, False), (path, origin)
        kinds = {"Content-Type": "text/plain"}  # what a form can send without asking first
        body = urlencode(without)
        assert (await post(ground, path, body, headers=kinds)).status == 403  # type: ignore[arg-type]
        assert (await ground.client.get(path, params=fields)).status in (200, 400, 405)
        assert await viewer(ground) == "alice"
    ours = form_of(await (await ground.client.get("/")).text())
    assert (await post(ground, "/sign-out", ours, headers={"Origin": BASE})).status == 303
    assert await viewer(ground) == ""


async def test_a_form_of_another_browser_is_refused(make_ground: MakeGround) -> None:
    """Also one that an attacker got for a cookie that this server did make."""
    ground = await make_ground()
    theirs = form_of(await (await ground.client.get("/sign-in")).text())
    ground.client.session.cookie_jar.clear()
    await sign_in(ground)
    for path in ("/sign-in", "/sign-out", "/oauth/authorize"):
        assert (await post(ground, path, theirs)).status == 403
    assert await viewer(ground) == "alice"


@pytest.mark.parametrize(
    "chosen", ["chosen", "a.b", "x" * 4000, "ä", "", ".", "a.b.c", "evil; Path=/x"]
)
async def test_no_cookie_is_taken_that_the_server_did_not_make(
    make_ground: MakeGround, chosen: str
) -> None:
    ground = await make_ground()
    sent = {"Cookie": f"{COOKIE}={chosen}"}
    page = await ground.client.get("/sign-in", headers=sent)
    given = page.cookies[COOKIE].value
    assert len(given) > 100
    assert chosen == "" or chosen not in (given, page.headers["Set-Cookie"])
    ground.accounts.add_user("alice", PASSWORD)
    fields = form_of(await page.text()) | {"username": "alice", "password": PASSWORD}
    ground.client.session.cookie_jar.clear()
    refused = await post(ground, "/sign-in", fields, headers=sent)
    assert (refused.status, COOKIE in refused.cookies) == (403, False)


async def test_the_cookie_of_before_is_nobody_s_after(make_ground: MakeGround) -> None:
    """Session fixation: signing in makes a new one, and signing in again and out ends it."""
    ground = await make_ground()
    known = (await ground.client.get("/sign-in")).cookies[COOKIE].value
    values = [known]
    for _ in range(2):
        await sign_in(ground)
        values.append(
            ground.client.session.cookie_jar.filter_cookies(ground.client.make_url("/"))[
                COOKIE
            ].value
        )
    await post(ground, "/sign-out", form_of(await (await ground.client.get("/")).text()))
    assert len(set(values)) == 3
    for value in values:
        ground.client.session.cookie_jar.clear()
        page = await ground.client.get("/", headers={"Cookie": f"{COOKIE}={value}"})
        assert "Sign out" not in await page.text()


async def test_another_server_s_cookie_is_nobody_s(make_ground: MakeGround) -> None:
    ground = await make_ground()
    assert not Sessions().is_ours(Sessions().sign_in("alice"))
    value = Sessions().sign_in("alice")
    page = await ground.client.get("/", headers={"Cookie": f"{COOKIE}={value}"})
    assert "Sign out" not in await page.text()


@pytest.mark.parametrize(
    "goal",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "evil.example",
        "https:evil.example", "https://evil.example", "/\t/evil.example", "/%0d/../\r\nX: y",
        "javascript:alert(1)", "/\u2028/evil", " //evil.example", "\x00//evil.example", "/\x7f",
        "data:text/html,x", "http:/\\/evil.example", "?//evil.example",
    ],
)  # fmt: skip
async def test_no_redirect_leads_away(make_ground: MakeGround, goal: str) -> None:
    ground = await make_ground()
    await sign_in(ground)
    fields = form_of(await (await ground.client.get("/sign-in")).text())
    fields |= {"username": "alice", "password": PASSWORD, "next": goal}
    answer = await post(ground, "/sign-in", fields)
    assert (answer.status, answer.headers["Location"]) == (303, "/user/alice")
    out = form_of(await (await ground.client.get("/")).text()) | {"next": goal}
    answer = await post(ground, "/sign-out", out)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    page = await (await ground.client.get("/sign-in", params={"next": goal})).text()
    assert form_of(page)["next"] == "/"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/", "http://127.0.0.1:4711.evil.example/", "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:4711/other", "http://127.0.0.1:4711\\@evil.example/", "//127.0.0.1:4711/",
        "http://localhost.evil.example/", "http://127.0.0.1:4711/#x", "http://[::1].evil.example/",
        "http://127.0.0.1:4711/\r\nX: y", "javascript:alert(1)//127.0.0.1", "https://127.0.0.1:4711/",
        "http://127.0.0.1:4711/?x=1", "HTTP://127.0.0.1:99999/", "http://127.1/", "http://0/",
    ],
)  # fmt: skip
async def test_no_code_and_no_error_goes_elsewhere(
    make_ground: MakeGround, redirect_uri: str
) -> None:
    ground = await make_ground()
    await sign_in(ground)
    form = form_of((await (await ask(ground, PUBLIC)).text()).split("<main>")[1])
    for wrong in ({}, {"response_type": "token"}, {"scope": "all"}):
        asked: dict[str, str] = PUBLIC | wrong | {"redirect_uri": redirect_uri}
        answer = await ask(ground, asked)
        assert (answer.status, "Location" in answer.headers) == (400, False)
        assert "evil" not in answer.headers["Content-Security-Policy"]
        fields = form | {"request": urlencode(asked), "decision": "allow"}
        answer = await post(ground, "/oauth/authorize", fields)
        assert (answer.status, "Location" in answer.headers) == (400, False)


LINES = "a\r\nX-Evil: 1\r\n\r\n<b>"


async def test_nothing_gets_into_a_header(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    quoted, titled = quote(LINES, safe=""), {"url": "https://a.example/", "title": LINES}
    answers = [
        await ground.client.get(f"/sign-in?next={quoted}"),
        await ask(ground, PUBLIC | {"state": LINES}),
        await ask(ground, PUBLIC | {"state": LINES, "scope": "all"}),
        await ask(ground, PUBLIC | {"client_id": LINES, "scope": LINES}),
        await ground.client.get(f"/user/{quoted}"),
        await ground.client.get(f"/thing/1/{quoted}"),
        await ground.client.get("/sign-in", headers={"Cookie": f"{COOKIE}={quoted}"}),
        await ground.call("GET", f"/things/lookup?url={quoted}"),
        await ground.call("POST", "/flattr", token, json={"url": f"https://github.com/{LINES}"}),
        await ground.call("POST", "/things", token, json=titled),
        await ground.call("GET", f"/users/{quoted}"),
        await ground.client.post("/oauth/token", data={"client_id": LINES, "code": LINES}),
        await ground.client.post("/oauth/revoke", data={"token": LINES}),
    ]  # fmt: skip
    for number, answer in enumerate(answers):
        assert answer.status in range(200, 500), number
        assert "X-Evil" not in answer.headers, number
        for value in answer.headers.values():
            assert not re.search(r"[\r\n\0]", value), number
    await sign_in(ground)
    back = await ask(ground, PUBLIC | {"state": LINES, "scope": "all"})
    assert back.headers["Location"].startswith(BACK)
    assert urlsplit(back.headers["Location"]).query.endswith(
        f"state={quote(LINES).replace('%20', '+')}"
    )


async def test_no_other_page_can_frame_or_read_a_page(make_ground: MakeGround) -> None:
    ground = await make_ground()
    await sign_in(ground)
    evil = {"Origin": "https://evil.example"}
    pages = [
        "/",
        "/sign-in",
        "/user/alice",
        "/nope",
        "/thing/9",
        f"/oauth/authorize?{urlencode(PUBLIC)}",
    ]
    for path in pages:
        answer = await ground.client.get(path, headers=evil)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]
        asked = await ground.client.options(
            path, headers=evil | {"Access-Control-Request-Method": "POST"}
        )
        assert not [name for name in asked.headers if name.startswith("Access-Control-")]


async def test_a_cookie_is_no_token(make_ground: MakeGround) -> None:
    """The API answers any page, so that it must not know who is signed in to the pages."""
    ground = await make_ground()
    await sign_in(ground)
    evil = {"Origin": "https://evil.example"}
    for method, path in (("GET", "/user"), ("POST", "/flattr"), ("GET", "/user/flattrs")):
        answer = await ground.call(method, path, headers=evil)
        assert answer.status == 401
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    for path in ("/oauth/token", "/oauth/revoke"):
        for answer in (
            await ground.client.options(path, headers=evil),
            await ground.client.post(path, headers=evil),
        ):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_answers_name_the_server_and_not_what_it_was_called(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    flattred = await ground.call("POST", "/flattr", token, json={"url": "https://github.com/smgt"})
    assert (await flattred.json())["thing"]["resource"].startswith(API)
    found = await ground.call("GET", "/things/lookup?url=https%3A%2F%2Fgithub.com%2Fsmgt")
    assert found.headers["Location"].startswith(API)
