"""The pages: what they say, what they never do, and who gets in."""

import re
from pathlib import Path
from typing import Any

import pytest

from flattr_host.ledger.sessions import FIRST_WAIT, LONGEST_WAIT, Attempts, Sessions
from tests.ledger.conftest import PASSWORD, MakeGround
from tests.ledger.test_oauth import form_of, sign_in

pytestmark = pytest.mark.asyncio

EVIL = "<script>alert(1)</script>&\"'"


async def test_every_page_has_strict_headers(make_ground: MakeGround) -> None:
    ground = await make_ground()
    for path in ("/", "/sign-in", "/nope", "/thing/1", "/user/nobody", "/oauth/authorize"):
        answer = await ground.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; base-uri")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        text = await answer.text()
        assert not re.search(r"<script|style=|\son\w+=|https?://(?!ledger)", text)
        assert '<html lang="en">' in text
        assert len(re.findall("<h1>", text)) == 1
    style = await ground.client.get("/page.css?0.1.0")
    assert (style.status, style.content_type) == (200, "text/css")
    mark = await ground.client.get("/mark.svg?0.1.0")
    assert (mark.status, mark.content_type) == (200, "image/svg+xml")
    drawn = re.compile(r'\sd="[^"]+"|fill="[^"]+"')
    extension_s = Path(__file__).parents[1] / "extension" / "mark.svg"
    assert drawn.findall(await mark.text()) == drawn.findall(extension_s.read_text())


async def test_owners_are_named_as_people_would(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    owned = {
        "https://github.com/smgt/flattr": "smgt on GitHub",
        "https://flattr.com/submit/auto?fid=abc123&url=https%3A%2F%2Fa.example%2F": (
            "somebody with Flattr id abc123"
        ),
        "https://flattr.com/submit/auto?user_id=bob&url=https%3A%2F%2Fb.example%2F": "bob",
    }
    for number, (url, owner) in enumerate(owned.items(), 1):
        assert (await ground.call("POST", "/flattr", token, json={"url": url})).status == 200
        text = await (await ground.client.get(f"/thing/{number}")).text()
        assert f">{owner}</a>" in text
    assert "<h1>smgt on GitHub</h1>" in await (await ground.client.get("/user/github:smgt")).text()


async def test_a_thing_s_page(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, shy = ground.token(), ground.token("shy", hides_flattrs=True)
    draft = {"url": "https://qzio.example/?a=1&b=2", "title": EVIL, "description": EVIL}
    await ground.call("POST", "/things", token, json=draft)
    for who in (ground.token("fan"), shy):
        assert (await ground.call("POST", "/things/1/flattr", who)).status == 200
    for path in ("/thing/1", "/thing/1/Slug"):
        text = await (await ground.client.get(path)).text()
        assert EVIL not in text
        assert "&lt;script&gt;" in text
        assert 'href="https://qzio.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow"' in text
        assert ("2 flattrs" in text, "/user/fan" in text, "shy" in text) == (True, True, False)
    for path in ("/thing/2", "/thing/x", "/thing/1x", "/thing/" + "9" * 18, "/thing/" + "9" * 40):
        assert (await ground.client.get(path)).status == 404


async def test_only_web_addresses_are_links(make_ground: MakeGround) -> None:
    ground = await make_ground()
    with ground.store.transaction() as db:
        db.execute(
            "INSERT INTO things (id, url, title, created_at) VALUES (7, 'javascript:1', '', 0)"
        )
    text = await (await ground.client.get("/thing/7")).text()
    assert ("javascript:1" in text, 'href="javascript' in text) == (True, False)


async def test_a_person_s_page(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, shy = ground.token(), ground.token("shy", hides_flattrs=True, password=PASSWORD)
    ground.token("eve")
    for who in (token, shy):
        for number in range(21 if who is token else 1):
            url = {"url": f"https://github.com/smgt/n{number}"}
            await ground.call("POST", "/flattr", who, json=url)

    async def page(path: str) -> str:
        return await (await ground.client.get(path)).text()

    first, second = await page("/user/QZIO"), await page("/profile/qzio?page=2")
    assert ("smgt/n20" in first, "smgt/n0<" in first, "?page=2" in first) == (True, False, True)
    assert ("smgt/n0<" in second, "?page=1" in second) == (True, True)
    assert "nobody" not in first
    hidden = (await page("/user/shy")).replace("shy", "NAME")
    assert hidden == (await page("/user/eve")).replace("eve", "NAME")
    assert "NAME hides their flattrs, or has none." in hidden
    assert "No more." in await page("/user/qzio?page=999999999")
    assert (await ground.client.get("/user/qzio?page=x")).status == 200
    await sign_in(ground, "shy")
    assert "smgt/n0" in await page("/user/shy")
    assert "smgt/n0" not in await page("/user/eve")
    assert (await ground.client.get("/user/%00")).status == 404


@pytest.mark.parametrize(
    ("goal", "leads_to"),
    [
        ("/user/alice?page=2", "/user/alice?page=2"), ("", "/user/alice"),
        ("//evil.example", "/user/alice"),
        ("https://evil.example", "/user/alice"), ("/\\evil.example", "/user/alice"),
        ("\\\\evil.example", "/user/alice"),
        ("/a b", "/user/alice"), ("/\r\nX: y", "/user/alice"),
        ("/\t/evil.example", "/user/alice"), ("javascript:1", "/user/alice"),
    ],
)  # fmt: skip
async def test_where_signing_in_leads(make_ground: MakeGround, goal: str, leads_to: str) -> None:
    ground = await make_ground()
    ground.accounts.add_user("alice", PASSWORD)
    page = await (await ground.client.get("/sign-in", params={"next": goal})).text()
    fields = form_of(page) | {"username": "ALICE", "password": PASSWORD, "next": goal}
    answer = await ground.client.post("/sign-in", data=fields, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, leads_to)


async def test_signing_in_and_out(make_ground: MakeGround) -> None:
    ground = await make_ground()
    ground.accounts.add_user("alice", PASSWORD)
    form = await ground.client.get("/sign-in")
    before = form.cookies["flattr-host-8765"]
    assert (before["httponly"], before["samesite"], before["path"]) == (True, "Lax", "/")
    fields = form_of(await form.text()) | {"username": "alice", "password": PASSWORD}
    answer = await ground.client.post("/sign-in", data=fields, allow_redirects=False)
    assert answer.cookies["flattr-host-8765"].value != before.value
    signed_in = await (await ground.client.get("/")).text()
    assert "Sign out" in signed_in
    old = await ground.client.get("/", cookies={"flattr-host-8765": before.value})
    assert old.status == 200
    refused = await ground.client.post("/sign-out", data={}, allow_redirects=False)
    assert refused.status == 403
    await ground.client.post("/sign-out", data=form_of(signed_in))
    assert "Sign out" not in await (await ground.client.get("/")).text()


async def test_the_cookie_over_tls(make_ground: MakeGround) -> None:
    ground = await make_ground(base_url="https://ledger.example")
    form = await ground.client.get("/sign-in")
    cookie = form.cookies["__Host-flattr-host"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


async def test_the_sign_in_form_needs_its_cookie(make_ground: MakeGround) -> None:
    ground = await make_ground()
    ground.accounts.add_user("alice", PASSWORD)
    fields = form_of(await (await ground.client.get("/sign-in")).text())
    ground.client.session.cookie_jar.clear()
    fields |= {"username": "alice", "password": PASSWORD}
    answer = await ground.client.post("/sign-in", data=fields, allow_redirects=False)
    assert (answer.status, answer.cookies.get("flattr-host-8765")) == (403, None)


async def test_wrong_passwords_are_bounded(make_ground: MakeGround) -> None:
    ground = await make_ground()
    ground.accounts.add_user("alice", PASSWORD)

    async def attempt(name: str, password: str) -> Any:
        fields = form_of(await (await ground.client.get("/sign-in")).text())
        fields |= {"username": name, "password": password}
        return await ground.client.post("/sign-in", data=fields, allow_redirects=False)

    for name in ("alice", "nobody"):
        answers = [await attempt(name, "wrong") for _ in range(5)]
        assert [answer.status for answer in answers] == [403] * 5
        assert "No account here has this name and this password." in await answers[0].text()
    for name in ("alice", "ALICE", "nobody"):
        answer = await attempt(name, PASSWORD)
        assert (answer.status, int(answer.headers["Retry-After"]) > 5) == (429, True)
        assert "Wait" in await answer.text()


async def test_the_wait_grows_and_ends() -> None:
    at = [0.0]
    attempts = Attempts(lambda: at[0])
    waits = []
    for number in range(12):
        wait = attempts.begin("alice", f"10.0.0.{number}")
        waits.append(wait)
        at[0] += wait
        if wait:
            assert attempts.begin("alice", f"10.0.1.{number}") == 0
    assert waits[:6] == [0, 0, 0, 0, 0, FIRST_WAIT]
    assert waits[5:9] == [FIRST_WAIT * 2**n for n in range(4)]
    assert max(waits) == LONGEST_WAIT
    at[0] += 2 * LONGEST_WAIT + 1
    assert attempts.begin("alice", "10.0.2.1") == 0
    attempts.succeeded("alice", "10.0.2.1")
    assert attempts.begin("alice", "10.0.2.2") == 0


async def test_the_wait_of_an_address() -> None:
    attempts = Attempts(lambda: 0.0)
    waits = [attempts.begin(f"name{number}", "10.0.0.1") for number in range(21)]
    assert waits == [0.0] * 20 + [FIRST_WAIT]
    for number in range(15):
        attempts.succeeded(f"name{number}", "10.0.0.1")
    assert attempts.begin("another", "10.0.0.1") == 0


async def test_sessions_end() -> None:
    at = [0.0]
    sessions = Sessions(lambda: at[0])
    session = sessions.sign_in("alice")
    assert sessions.username(session) == "alice"
    assert not sessions.is_our_form("", sessions.form_token(""))
    at[0] += 13 * 3600
    assert sessions.username(session) is None
