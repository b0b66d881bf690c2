"""The contract, row by row, over real HTTP; and the documented examples, field for field."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.conftest import API, BASE, Ground, MakeGround

pytestmark = pytest.mark.asyncio

DATA = Path(__file__).parent / "data"
REPOSITORY = "https://github.com/smgt/flattr"
AUTO = "https://flattr.com/submit/auto?user_id={}&url=https%3A%2F%2Fblog.example%2F{}&title=Post"
BLOG = "http://blog.flattr.net/2011/10/api-v2-beta-out-whats-changed/"


async def error_of(answer: Any) -> tuple[int, str]:
    said = await answer.json()
    assert set(said) >= {"error", "error_description", "error_uri"}
    assert said["error_uri"] == f"{BASE}/"
    return answer.status, said["error"]


def documented(name: str) -> str:
    """A documented example, with the addresses of this server and without an image."""
    text = (DATA / name).read_text(encoding="utf-8")
    for theirs, ours in (
        ("https://api.flattr.com/rest/v2/", f"{API}/"),
        ("https://flattr.com/user/", f"{BASE}/user/"),
        ("https://flattr.com/thing/313733", f"{BASE}/thing/313733"),
        ("https://flattr.com/thing/423405", f"{BASE}/thing/423405"),
        ("https://flattr.com/thing/image/3/1/3/7/3/3/medium.png", ""),
        ("https://flattr.com/thing/image/4/2/3/4/0/5/medium.png", ""),
    ):
        text = text.replace(theirs, ours)
    return json.dumps(json.loads(text))


@pytest.fixture
def seeded() -> str:
    """The things and the flattr of the examples."""
    return f"""
        INSERT INTO users (id, username, flattrs, registered_at)
            VALUES (1, 'qzio', 1, 0), (2, 'gnuproject', 0, NULL), (3, 'flattr', 0, NULL);
        INSERT INTO things (id, url, title, owner_id, created_at, flattrs) VALUES
            (313733, 'https://flattr.com/profile/gnuproject', 'GNU''s not Unix!', 2, 0, 3),
            (423405, '{BLOG}', 'API v2 beta out - what''s changed?', 3, 0, 2);
        INSERT INTO flattrs (thing_id, user_id, number, month, created_at)
            VALUES (313733, 1, 1, '2011-09', 1316697578);
    """  # noqa: S608 - all of it stands here


def run_sql(ground: Ground, script: str) -> None:
    with ground.store.transaction() as db:
        for statement in script.split(";\n"):
            db.execute(statement)


@pytest.mark.parametrize("path", ["/users/qzio/flattrs", "/user/flattrs", "/things/313733/flattrs"])
async def test_the_documented_lists(make_ground: MakeGround, seeded: str, path: str) -> None:
    ground = await make_ground()
    run_sql(ground, seeded)
    token = ground.accounts.add_token("qzio", frozenset({"flattr"}))
    answer = await ground.call("GET", path, token)
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert json.dumps(await answer.json()) == documented("flattrs.json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/things/423405/flattr", None),
        ("/flattr", {"url": BLOG}),
        (
            "/flattr",
            {
                "url": "http://flattr.com/submit/auto?url=http%3A%2F%2Fblog.flattr.net%2F2011%2F10"
                "%2Fapi-v2-beta-out-whats-changed%2F&user_id=flattr"
            },
        ),
    ],
)
async def test_the_documented_flattrs(
    make_ground: MakeGround, seeded: str, path: str, body: Any
) -> None:
    ground = await make_ground()
    run_sql(ground, seeded)
    token = ground.accounts.add_token("qzio", frozenset({"flattr"}))
    answer = await ground.call("POST", path, token, json=body)
    assert answer.status == 200
    assert json.dumps(await answer.json()) == documented("flattred.json")
    assert await error_of(await ground.call("POST", path, token, json=body)) == (403, "flattr_once")


async def test_flattrs_of_a_user(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    for number in range(32):
        await ground.call("POST", "/flattr", token, data={"url": AUTO.format("alice", number)})

    async def ids(query: str) -> list[int]:
        answer = await ground.call("GET", f"/users/QZIO/flattrs{query}")
        return [flattr["thing"]["id"] for flattr in await answer.json()]

    assert await ids("") == list(range(32, 2, -1))
    assert await ids("?page=2") == [2, 1]
    assert await ids("?page=3") == []
    assert await ids("?count=2&page=0") == await ids("?count=2&page=") == [32, 31]
    assert len(await ids("?count=&page=")) == 30
    assert len(await ids("?count=1000000")) == 32
    assert await ids("?page=99999999999999999999999") == []
    assert await ids(f"?count=100&page={2**63}") == []
    for wrong in ("?count=x", "?count=-1", "?count=0", "?page=-1", "?page=1.5", "?count=\u0661"):
        answer = await ground.call("GET", f"/users/qzio/flattrs{wrong}")
        assert await error_of(answer) == (400, "invalid_parameters")
    missing = await ground.call("GET", "/users/nobody/flattrs")
    assert await error_of(missing) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "is_full"),
    [
        ("full", True), ("full=", True), ("full=1", True), ("full=full", True), ("full=true", True),
        ("", False), ("full=0", False), ("full=False", False), ("full=no", False),
    ],
)  # fmt: skip
async def test_full_by_presence(make_ground: MakeGround, query: str, is_full: bool) -> None:
    ground = await make_ground()
    await ground.call("POST", "/flattr", ground.token(), data={"url": REPOSITORY})
    (flattr,) = await (await ground.call("GET", f"/users/qzio/flattrs?{query}")).json()
    assert ("firstname" in flattr["owner"], "tags" in flattr["thing"]) == (is_full, is_full)


async def test_hidden_flattrs_look_like_none(make_ground: MakeGround) -> None:
    ground = await make_ground()
    shy, none = ground.token("shy", hides_flattrs=True), ground.token("none")
    await ground.call("POST", "/flattr", shy, data={"url": REPOSITORY})
    for name in ("shy", "none"):
        answer = await ground.call("GET", f"/users/{name}/flattrs")
        assert (answer.status, await answer.read()) == (200, b"[]")
    assert len(await (await ground.call("GET", "/user/flattrs", shy)).json()) == 1
    assert await (await ground.call("GET", "/things/1/flattrs", none)).json() == []


async def test_flattring_is_refused_in_the_api_s_words(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, broke = ground.token(), ground.token("broke", means=0)
    reader = ground.token("reader", scope="thing")

    async def flattr(token: str | None, **options: Any) -> tuple[int, str]:
        answer = await ground.call("POST", "/flattr", token, **options)
        return (200, "ok") if answer.status == 200 else await error_of(answer)

    def url(text: str) -> dict[str, Any]:
        return {"json": {"url": text}}

    assert await flattr(token, **url(REPOSITORY)) == (200, "ok")
    assert await flattr(token, **url(REPOSITORY)) == (403, "flattr_once")
    assert await flattr(token, **url(AUTO.format("Qzio", 1))) == (403, "flattr_owner")
    assert await flattr(broke, **url(REPOSITORY)) == (401, "no_means")
    assert await flattr(token, **url("https://nobody.example/")) == (404, "not_found")
    assert await flattr(token, **url("javascript:alert(1)")) == (400, "invalid_request")
    assert await flattr(None, **url(REPOSITORY)) == (401, "unauthorized")
    assert await flattr("wrong", **url(REPOSITORY)) == (401, "unauthorized")
    assert await flattr(reader, **url(REPOSITORY)) == (403, "insufficient_scope")
    for body in ("", "{", "[]", '"x"', "{}", '{"url": 5}', '{"url": ""}', '{"url": "\\ud800x"}'):
        headers = {"Content-Type": "application/json"}
        assert await flattr(token, data=body, headers=headers) == (400, "invalid_request"), body
    nested = "[" * 60_000
    assert await flattr(token, data=nested) == (400, "invalid_request")
    assert await flattr(token, data={"url": "x" * 70_000}) == (413, "invalid_request")
    for path in ("/things/2/flattr", f"/things/{'9' * 18}/flattr", "/things/x/flattr"):
        assert await error_of(await ground.call("POST", path, token)) == (404, "not_found")


async def test_a_401_says_how_to_authenticate(make_ground: MakeGround) -> None:
    ground = await make_ground()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = await ground.call("GET", "/user/flattrs", headers=headers)
        assert await error_of(answer) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    # A public call with a token that is none is not answered as if it had none.
    assert (await ground.call("GET", "/categories", "wrong")).status == 401
    token = ground.token()
    answer = await ground.call("GET", f"/user/flattrs?access_token={token}")
    assert answer.status == 401
    answer = await ground.call("GET", "/user/flattrs", headers={"Authorization": f"bearer {token}"})
    assert answer.status == 200
    ground.accounts.revoke_token(1)
    assert (await ground.call("GET", "/user/flattrs", token)).status == 401


async def test_bulk_tells_each_outcome(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    urls = [REPOSITORY, REPOSITORY, "https://nobody.example/", AUTO.format("qzio", 1)]
    bulk = [{"url": url} for url in urls]
    answer = await ground.call("POST", "/flattr/bulk", token, json=bulk)
    outcomes = await answer.json()
    assert answer.status == 200
    assert [outcome["url"] for outcome in outcomes] == urls
    assert (outcomes[0]["message"], outcomes[0]["thing"]["flattrs"]) == ("ok", 1)
    errors = [outcome.get("error") for outcome in outcomes]
    assert errors == [None, "flattr_once", "not_found", "flattr_owner"]
    assert await (await ground.call("POST", "/flattr/bulk", token, json=[])).json() == []
    for body, status in (({"url": "x"}, 400), ([5], 400), (bulk * 26, 400), ([{}], 400)):
        assert (await ground.call("POST", "/flattr/bulk", token, json=body)).status == status
    assert (await ground.call("POST", "/flattr/bulk", json=bulk)).status == 401


async def test_lookup(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    await ground.call("POST", "/flattr", token, json={"url": REPOSITORY})
    await ground.call("POST", "/flattr", token, json={"url": AUTO.format("alice", "?a=1&b=2")})
    encoded = "https%3A%2F%2Fgithub.com%2Fsmgt%2Fflattr"
    for path in (f"?url={encoded}", f"/?url={encoded}", f".json?q={encoded}", f"/q/{encoded}"):
        for method in ("GET", "HEAD"):
            answer = await ground.call(method, f"/things/lookup{path}")
            assert (answer.status, answer.headers["Location"]) == (302, f"{API}/things/1")
            said = {"message": "found", "location": f"{API}/things/1"}
            assert method == "HEAD" or await answer.json() == said
    other = await ground.call("GET", "/things/lookup?url=https%3A%2F%2Fgithub.com%2Fsmgt%2Fx")
    assert (other.status, (await other.json())["message"]) == (200, "flattrable")
    miss = await ground.call("GET", "/things/lookup?url=https%3A%2F%2Fnobody.example%2F")
    assert (miss.status, await miss.json()) == (
        404,
        {
            "message": "not_found",
            "description": "No thing was found",
            "error": "not_found",
            "error_description": "No thing was found",
            "error_uri": f"{BASE}/",
        },
    )
    for wrong in ("", "?url=", "?x=1"):
        answer = await ground.call("GET", f"/things/lookup{wrong}")
        assert await error_of(answer) == (400, "invalid_parameters")


async def test_lookup_of_an_autosubmit_url(make_ground: MakeGround) -> None:
    ground = await make_ground()
    mine, theirs = AUTO.format("alice", "a"), AUTO.format("mallory", "a")
    await ground.call("POST", "/flattr", ground.token(), json={"url": mine})
    params = {"url": mine}
    assert (await ground.call("GET", "/things/lookup", params=params)).status == 302
    answer = await ground.call("GET", "/things/lookup", params={"url": theirs})
    assert await error_of(answer) == (400, "validation")


async def test_things(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, other = ground.token(), ground.token("other")
    draft = {"url": "https://qzio.example/", "title": "Q", "tags": "a, b", "hidden": "False"}
    created = await ground.call("POST", "/things/", token, data=draft)
    assert created.status == 201
    assert json.dumps(await created.json()) == json.dumps(
        {
            "id": 1,
            "link": f"{API}/things/1",
            "message": "ok",
            "description": "Thing was created successfully",
        }
    )
    thing = await (await ground.call("GET", "/things/1", token)).json()
    assert (thing["title"], thing["tags"], thing["hidden"]) == ("Q", ["a", "b"], False)
    assert (thing["category"], thing["language"]) == ("rest", "en_GB")
    assert (thing["flattred"], thing["subscribed"]) == (False, False)
    assert "flattred" not in await (await ground.call("GET", "/things/1")).json()
    again = await ground.call("POST", "/things", token, json=draft)
    assert await error_of(again) == (400, "validation")
    change = {"title": "R", "tags": ["c"], "hidden": True}
    assert (await ground.call("PATCH", "/things/1", token, json=change)).status == 200
    posted = {"_method": "patch", "description": "D"}
    assert (await ground.call("POST", "/things/1", token, data=posted)).status == 200
    thing = await (await ground.call("GET", "/things/1.json", token)).json()
    assert (thing["title"], thing["description"], thing["tags"]) == ("R", "D", ["c"])
    for method, body in (("PATCH", change), ("DELETE", None)):
        refused = await ground.call(method, "/things/1", other, json=body)
        assert await error_of(refused) == (403, "forbidden")
        refused = await ground.call(method, "/things/1", ground.token("qzio", "flattr"), json=body)
        assert await error_of(refused) == (403, "insufficient_scope")
    wrong = await ground.call("PATCH", "/things/1", token, json={"title": 5})
    assert await error_of(wrong) == (400, "invalid_parameters")
    deleted = await ground.call("DELETE", "/things/1", token)
    assert (deleted.status, await deleted.read()) == (204, b"")
    assert (await ground.call("GET", "/things/1", token)).status == 404


async def test_several_things(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    for number in (1, 2):
        await ground.call("POST", "/flattr", token, json={"url": AUTO.format("alice", number)})
    for path, ids in (("1,2", [1, 2]), ("2%2C1", [2, 1]), ("2,", [2]), ("1,9", [1])):
        answer = await ground.call("GET", f"/things/{path}")
        assert sorted(thing["id"] for thing in await answer.json()) == sorted(ids)
    for path in ("8,9", "8", "0", "-1", "x", "1.5", "9" * 30):
        assert (await ground.call("GET", f"/things/{path}")).status == 404
    many = ",".join(map(str, range(1, 102)))
    assert (await ground.call("GET", f"/things/{many}")).status == 400


async def test_users(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token, full = ground.token(), ground.token("qzio", "extendedread")
    user = await (await ground.call("GET", "/users/QZIO/")).json()
    assert list(user) == [
        "type", "resource", "link", "username", "url", "firstname", "lastname", "avatar", "about",
        "city", "country",
    ]  # fmt: skip
    assert (user["resource"], user["link"]) == (f"{API}/users/qzio", f"{BASE}/user/qzio")
    assert await (await ground.call("GET", "/user", token)).json() == user
    assert "registered_at" in await (await ground.call("GET", "/user", full)).json()
    assert (await ground.call("GET", "/users/nobody")).status == 404
    await ground.call("POST", "/things", token, data={"url": "https://q.example/"})
    for path in ("/users/qzio/things", "/user/things"):
        (thing,) = await (await ground.call("GET", path, token)).json()
        assert thing["owner"]["username"] == "qzio"
    assert (await ground.call("GET", "/users/nobody/things")).status == 404
    for path in ("/user", "/user/things"):
        assert await error_of(await ground.call("GET", path)) == (401, "unauthorized")


async def test_search_categories_and_languages(make_ground: MakeGround) -> None:
    ground = await make_ground()
    token = ground.token()
    await ground.call("POST", "/flattr", token, json={"url": REPOSITORY})
    found = await (await ground.call("GET", "/things/search?query=smgt&sort=&count=&full")).json()
    assert list(found) == ["total_items", "items", "page", "things"]
    assert (found["total_items"], found["items"], found["page"]) == (1, 1, 1)
    assert found["things"][0]["url"] == REPOSITORY
    wrong = await ground.call("GET", "/things/search?sort=loudest")
    assert await error_of(wrong) == (400, "invalid_parameters")
    for path, some in (("/categories", "software"), ("/languages.json", "sv_SE")):
        choices = await (await ground.call("GET", path)).json()
        assert some in [choice["id"] for choice in choices]
        assert all(list(choice) == ["id", "text"] for choice in choices)
