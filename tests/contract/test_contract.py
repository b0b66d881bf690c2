"""The Flattr REST API v2, call by call: what every backend does, whichever it is."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import UNSET

from flattr_host.api.errors import (
    FlattrError,
    FlattrOnce,
    FlattrOwner,
    Forbidden,
    InvalidParameters,
    InvalidRequest,
    NoMeans,
    NotFound,
    Unauthorized,
    Validation,
)
from flattr_host.api.objects import Search, ThingChange, ThingDraft
from flattr_host.backend import Backend

from .worlds import World, autosubmit

NOBODY_S = 2**40  # no thing has this number


# POST /flattr


def test_flattring_a_discoverable_url_registers_it(world: World) -> None:
    alice, url = world.user(), world.repository()
    answer = alice.calls.flattr(url)
    assert (answer.message, answer.description) == ("ok", "Thing was successfully flattred")
    thing = answer.thing
    assert (thing.type, thing.url, thing.image, thing.flattrs) == ("thing", url, "", 1)
    assert thing.title == url.removeprefix("https://github.com/")
    assert thing.owner is UNSET
    assert isinstance(thing.resource, str)
    assert thing.resource.endswith(f"/rest/v2/things/{thing.id}")
    assert isinstance(thing.link, str)
    assert thing.link.endswith(f"/thing/{thing.id}")


def test_flattring_a_registered_url(world: World) -> None:
    alice, bob, url = world.user(), world.user(), world.page()
    thing_id = alice.calls.create_thing(ThingDraft(url=url, title="A page"))
    thing = bob.calls.flattr(url).thing
    assert (thing.id, thing.title, thing.flattrs) == (thing_id, "A page", 1)


def test_flattring_an_autosubmit_url_creates_the_thing_from_its_metadata(world: World) -> None:
    alice, owner, url = world.user(), world.user(), world.page()
    metadata = {
        "title": "Bröd & tools",
        "description": "How to",
        "language": "sv_SE",
        "tags": "bread,tools",
        "hidden": "1",
        "category": "text",
    }
    answer = alice.calls.flattr(autosubmit(url, owner.name, **metadata))
    assert (answer.thing.url, answer.thing.title) == (url, "Bröd & tools")
    thing = alice.calls.thing(answer.thing.id)
    assert (thing.description, thing.language, thing.category) == ("How to", "sv_SE", "text")
    assert (thing.tags, thing.hidden) == (("bread", "tools"), True)
    assert thing.owner
    assert thing.owner.username == owner.name


def test_several_at_once_end_each_as_it_does(world: World) -> None:
    alice, owner, repository = world.user(), world.user(), world.repository()
    own = autosubmit(world.page(), alice.name)
    urls = [
        repository,
        repository,
        own,
        "https://nobody.example/",
        autosubmit(world.page(), owner.name),
    ]
    outcomes = alice.calls.flattr_bulk(urls)
    codes = [it.code if isinstance(it, FlattrError) else it.thing.url for it in outcomes]
    assert codes[:4] == [repository, "flattr_once", "flattr_owner", "not_found"]
    assert [flattr.thing.url for flattr in alice.calls.flattrs()] == [codes[4], repository]


def test_flattring_the_web_page_of_a_thing(world: World) -> None:
    alice, bob = world.user(), world.user()
    thing = alice.calls.flattr(world.repository()).thing
    assert isinstance(thing.link, str)
    assert bob.calls.flattr(thing.link).thing.id == thing.id
    server = thing.link.removesuffix(f"/thing/{thing.id}")
    for spelled in (f"{server}/t/{thing.id}", f"{thing.link}/Slug"):
        with pytest.raises(FlattrOnce):
            bob.calls.flattr(spelled)
        found = bob.calls.lookup(spelled).thing
        assert found
        assert found.id == thing.id
    with pytest.raises(NotFound):
        bob.calls.flattr(f"{server}/thing/{NOBODY_S}")
    assert bob.calls.lookup(f"{server}/thing/{NOBODY_S}").message == "not_found"


def test_flattring_the_server_s_own_links(world: World) -> None:
    alice, bob, page = world.user(), world.user(), world.page()
    link = bob.calls.flattr(world.repository()).thing.link
    assert isinstance(link, str)
    server = link.rpartition("/thing/")[0]
    autosubmitted = f"{server}/submit/auto?" + urlencode({"user_id": bob.name, "url": page})
    assert alice.calls.flattr(autosubmitted).thing.url == page
    profile = alice.calls.flattr(f"{server}/user/{bob.name}").thing
    with pytest.raises(FlattrOnce):
        alice.calls.flattr(f"{server}/profile/{bob.name.lower()}")
    owner = alice.calls.thing(profile.id).owner
    assert owner
    assert owner.username == bob.name
    with pytest.raises(FlattrOwner):
        bob.calls.flattr(f"{server}/@{bob.name}")


def test_a_link_to_a_thing_of_the_server_names_its_owner(world: World) -> None:
    alice, bob = world.user(), world.user()
    number = bob.calls.create_thing(ThingDraft(url=world.page()))
    link = bob.calls.thing(number).link
    assert isinstance(link, str)
    with pytest.raises(Validation, match="Owner mismatch"):
        alice.calls.flattr(autosubmit(link, "mallory"))
    assert alice.calls.flattr(autosubmit(link, bob.name)).thing.id == number


def test_a_page_inside_a_thing_is_not_that_thing(world: World) -> None:
    alice, url = world.user(), world.repository()
    alice.calls.flattr(url)
    with pytest.raises(NotFound):
        alice.calls.flattr(f"{url}/issues/1")
    assert alice.calls.lookup(f"{url}/issues/1").message == "not_found"
    with pytest.raises(Validation, match="Owner mismatch"):
        alice.calls.create_thing(ThingDraft(url=f"{url}/issues/1"))


def test_a_registered_page_is_known_however_its_host_is_spelled(world: World) -> None:
    alice, page = world.user(), world.page()
    number = alice.calls.create_thing(ThingDraft(url=page))
    found = world.nobody().lookup(page.replace("blog.example", "Blog.Example:443")).thing
    assert found
    assert found.id == number


def test_once_a_month(world: World) -> None:
    alice, url = world.user(), world.repository()
    thing_id = alice.calls.flattr(url).thing.id
    with pytest.raises(FlattrOnce):
        alice.calls.flattr(url)
    with pytest.raises(FlattrOnce):
        alice.calls.flattr_thing(thing_id)
    assert world.user().calls.flattr(url).thing.flattrs == 2


def test_one_s_own_thing(world: World) -> None:
    alice, page, other_page = world.user(), world.page(), world.page()
    thing_id = alice.calls.create_thing(ThingDraft(url=page, title="Mine"))
    with pytest.raises(FlattrOwner):
        alice.calls.flattr(page)
    with pytest.raises(FlattrOwner):
        alice.calls.flattr_thing(thing_id)
    with pytest.raises(FlattrOwner):
        alice.calls.flattr(autosubmit(other_page, alice.name.upper()))


def test_without_means(world: World) -> None:
    poor, url = world.user(means=0), world.repository()
    with pytest.raises(NoMeans):
        poor.calls.flattr(url)
    thing_id = world.user(means=500).calls.flattr(url).thing.id
    with pytest.raises(NoMeans):
        poor.calls.flattr_thing(thing_id)
    assert poor.calls.flattrs() == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://nobody.example/page", NotFound),
        ("javascript:alert(1)", InvalidRequest),
        ("http://flattr.com/submit/auto?user_id=alice", InvalidRequest),
        ("http://flattr.com/submit/auto?user_id=alice&url=javascript%3Aalert(1)", InvalidRequest),
        ("", InvalidRequest),
    ],
)
def test_what_cannot_be_flattred(world: World, url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        world.user().calls.flattr(url)


def test_an_autosubmit_url_that_names_another_owner(world: World) -> None:
    alice, bob, carol, page = world.user(), world.user(), world.user(), world.page()
    alice.calls.create_thing(ThingDraft(url=page))
    with pytest.raises(Validation, match="Owner mismatch"):
        carol.calls.flattr(autosubmit(page, bob.name))


def test_no_link_says_whose_a_thing_is_where_its_address_does(world: World) -> None:
    alice, mallory, repository = world.user(), world.user(), world.repository()
    link = autosubmit(repository, mallory.name)
    with pytest.raises(Validation, match="Owner mismatch"):
        alice.calls.flattr(link)
    with pytest.raises(Validation, match="Owner mismatch"):
        world.nobody().lookup(link)
    assert alice.calls.lookup(repository).message == "flattrable"
    owner = repository.split("/")[3]
    assert alice.calls.flattr(autosubmit(repository, owner)).thing.url == repository


# POST /things/:id/flattr


def test_flattring_a_thing_by_its_number(world: World) -> None:
    thing_id = world.user().calls.flattr(world.repository()).thing.id
    answer = world.user().calls.flattr_thing(thing_id)
    assert (answer.thing.id, answer.thing.flattrs) == (thing_id, 2)
    with pytest.raises(NotFound):
        world.user().calls.flattr_thing(NOBODY_S)


# The three lists of flattrs


def test_what_one_flattred(world: World) -> None:
    alice = world.user()
    urls = [world.repository() for _ in range(3)]
    before = int(time.time())
    for url in urls:
        alice.calls.flattr(url)
    history = alice.calls.flattrs()
    assert [it.thing.url for it in history] == urls[::-1]
    newest = history[0]
    assert (newest.type, newest.owner.username) == ("flattr", alice.name)
    assert before <= newest.created_at <= time.time() + 1
    assert newest.thing.owner
    assert newest.thing.owner.username == f"github:{urls[-1].split('/')[3]}"
    assert newest.owner.url is UNSET
    assert newest.thing.description is UNSET
    assert isinstance(newest.owner.link, str)
    assert newest.owner.link.endswith(f"/user/{alice.name}")
    everybody_sees = world.nobody().user_flattrs(alice.name.lower())
    assert everybody_sees == history


def test_pages_of_flattrs(world: World) -> None:
    alice = world.user()
    urls = [world.repository() for _ in range(5)][::-1]
    for url in reversed(urls):
        alice.calls.flattr(url)

    def page(count: int, number: int) -> list[str]:
        return [it.thing.url for it in alice.calls.flattrs(count, number)]

    assert page(2, 1) + page(2, 2) + page(2, 3) == urls
    assert page(2, 4) == []
    assert page(100, 1) == urls
    assert page(2, 2**40) == []


def test_flattrs_in_full(world: World) -> None:
    alice, url = world.user(), world.repository()
    alice.calls.flattr(url)
    (flattr,) = alice.calls.flattrs(full=True)
    assert (flattr.thing.description, flattr.thing.tags, flattr.thing.hidden) == ("", (), False)
    assert (flattr.thing.flattrs_user_count, flattr.thing.flattred) == (1, True)
    assert flattr.owner.firstname == ""
    assert flattr.thing.owner
    assert flattr.thing.owner.firstname == ""


def test_who_hides_their_flattrs_looks_like_who_has_none(world: World) -> None:
    shy, new = world.user(hides_flattrs=True), world.user()
    thing_id = shy.calls.flattr(world.repository()).thing.id
    assert world.nobody().user_flattrs(shy.name) == world.nobody().user_flattrs(new.name) == []
    assert world.nobody().thing_flattrs(thing_id) == []
    assert len(shy.calls.flattrs()) == 1
    with pytest.raises(NotFound):
        world.nobody().user_flattrs("NobodyAtAll")


def test_who_flattred_a_thing(world: World) -> None:
    alice, bob, url = world.user(), world.user(), world.repository()
    alice.calls.flattr(url)
    thing_id = bob.calls.flattr(url).thing.id
    flattrs = world.nobody().thing_flattrs(thing_id)
    assert [it.owner.username for it in flattrs] == [bob.name, alice.name]
    assert {it.thing.id for it in flattrs} == {thing_id}
    second_page = world.nobody().thing_flattrs(thing_id, 1, 2)
    assert [it.owner.username for it in second_page] == [alice.name]
    with pytest.raises(NotFound):
        world.nobody().thing_flattrs(NOBODY_S)


# GET /things/lookup


def test_lookup(world: World) -> None:
    alice, url = world.user(), world.repository()
    assert alice.calls.lookup(url).message == "flattrable"
    assert world.nobody().lookup(world.page()).message == "not_found"
    assert world.nobody().lookup("no URL at all").message == "not_found"
    thing_id = alice.calls.flattr(url).thing.id
    found = alice.calls.lookup(url)
    assert found.message == "found"
    assert found.thing
    assert (found.thing.id, found.thing.flattred, found.thing.subscribed) == (thing_id, True, False)
    unseen = world.nobody().lookup(url).thing
    assert unseen
    assert (unseen.id, unseen.flattred) == (thing_id, UNSET)


def test_lookup_of_an_autosubmit_url(world: World) -> None:
    alice, page = world.user(), world.page()
    link = autosubmit(page, alice.name, title="T & U")
    assert world.nobody().lookup(link).message == "flattrable"
    thing_id = alice.calls.create_thing(ThingDraft(url=page))
    found = world.nobody().lookup(link).thing
    assert found
    assert found.id == thing_id
    with pytest.raises(Validation, match="Owner mismatch"):
        world.nobody().lookup(autosubmit(page, world.user().name))


# Things and users


def test_things_by_their_numbers(world: World) -> None:
    alice = world.user()
    first, second = (alice.calls.flattr(world.repository()).thing.id for _ in range(2))
    assert [it.id for it in alice.calls.things([second, NOBODY_S, first])] == [second, first]
    thing = world.nobody().thing(first)
    assert (thing.id, thing.flattrs, thing.flattred) == (first, 1, UNSET)
    with pytest.raises(NotFound):
        alice.calls.things([NOBODY_S, NOBODY_S + 1])
    with pytest.raises(NotFound):
        alice.calls.thing(NOBODY_S)


def test_users(world: World) -> None:
    alice = world.user()
    assert alice.calls.user().username == alice.name
    seen = world.nobody().user(alice.name.lower())
    assert (seen.type, seen.username, seen.firstname) == ("user", alice.name, "")
    with pytest.raises(NotFound):
        world.nobody().user("NobodyAtAll")


def test_creating_changing_and_deleting_a_thing(world: World) -> None:
    alice, bob, page = world.user(), world.user(), world.page()
    draft = ThingDraft(url=page, title="Å", description="D", tags=("a", "b"), hidden=True)
    thing_id = alice.calls.create_thing(draft)
    thing = alice.calls.thing(thing_id)
    assert (thing.url, thing.title, thing.description, thing.tags) == (page, "Å", "D", ("a", "b"))
    assert (thing.category, thing.language, thing.hidden) == ("rest", "en_GB", True)
    assert (thing.updated_at, thing.last_flattr_at) == (0, 0)
    assert bob.calls.thing(thing_id).updated_at is UNSET

    alice.calls.update_thing(thing_id, ThingChange(title="B", tags=("c",), hidden=False))
    thing = alice.calls.thing(thing_id)
    assert (thing.title, thing.description, thing.tags, thing.hidden) == ("B", "D", ("c",), False)
    assert thing.updated_at
    with pytest.raises(Forbidden):
        bob.calls.update_thing(thing_id, ThingChange(title="C"))
    with pytest.raises(Forbidden):
        bob.calls.delete_thing(thing_id)
    with pytest.raises(Validation):
        bob.calls.create_thing(draft)

    bob.calls.flattr_thing(thing_id)
    alice.calls.delete_thing(thing_id)
    with pytest.raises(NotFound):
        alice.calls.thing(thing_id)
    assert [it.thing.title for it in bob.calls.flattrs()] == ["B"]
    assert alice.calls.create_thing(draft) == thing_id
    with pytest.raises(NotFound):
        alice.calls.delete_thing(NOBODY_S)


@pytest.mark.parametrize(
    "url", ["no url", "javascript:alert(1)", "http://a:b@blog.example/", "https://github.com/a"]
)
def test_what_no_thing_can_be_created_from(world: World, url: str) -> None:
    with pytest.raises(Validation):
        world.user().calls.create_thing(ThingDraft(url=url, title="T"))


def test_a_thing_needs_a_url(world: World) -> None:
    with pytest.raises(InvalidParameters):
        world.user().calls.create_thing(ThingDraft(url="", title="T"))


def test_the_things_of_a_user(world: World) -> None:
    alice, bob = world.user(), world.user()
    seen = alice.calls.create_thing(ThingDraft(url=world.page()))
    hidden = alice.calls.create_thing(ThingDraft(url=world.page(), hidden=True))
    assert [it.id for it in alice.calls.user_things()] == [hidden, seen]
    assert [it.id for it in bob.calls.user_things(alice.name)] == [seen]
    assert [it.id for it in alice.calls.user_things(count=1, page=2)] == [seen]
    (thing,) = bob.calls.user_things(alice.name, full=True)
    assert thing.owner
    assert thing.owner.firstname == ""
    with pytest.raises(NotFound):
        bob.calls.user_things("NobodyAtAll")


def test_search(world: World) -> None:
    alice, bob = world.user(), world.user()
    word = f"sourdough{alice.name}"
    made = [
        ThingDraft(url=world.page(), title=f"About {word}", tags=("bread", "x"), category="text"),
        ThingDraft(url=world.page(), title="Other", description=word, tags=("bread", "y")),
        ThingDraft(url=world.page(), title=word, hidden=True),
    ]
    first, second, _ = (alice.calls.create_thing(draft) for draft in made)
    bob.calls.flattr_thing(second)

    def ids(**parameters: Any) -> list[int]:
        return [it.id for it in bob.calls.search(Search(**parameters)).things]

    assert ids(query=word.upper()) == [first, second]
    assert ids(query=word, sort="flattrs") == ids(query=word, sort="trend") == [second, first]
    assert ids(query=word, tags="bread&x") == ids(query=word, tags="!y") == [first]
    assert ids(query=word, tags="x|y") == [first, second]
    assert ids(query=word, category="text") == [first]
    assert ids(user=alice.name, url=made[1].url) == [second]
    assert ids(query=f"{word}%_'\"") == []
    page = bob.calls.search(Search(query=word), count=1, page=2)
    assert (page.total_items, page.items, page.page) == (2, 1, 2)
    assert [it.id for it in page.things] == [second]


def test_search_for_too_many_tags(world: World) -> None:
    many = world.nobody().search(Search(tags="|".join("a" * 50)))
    assert many.total_items == 0
    with pytest.raises(InvalidParameters, match="tags"):
        world.nobody().search(Search(tags="|".join("a" * 2000)))


def test_texts_of_things_hold_nothing_that_cannot_be_seen(world: World) -> None:
    alice = world.user()
    thing_id = alice.calls.create_thing(ThingDraft(url=world.page(), title="a\x1b[31mb\nc\u202ed"))
    assert alice.calls.thing(thing_id).title == "a [31mb c d"
    alice.calls.update_thing(thing_id, ThingChange(description="e\x00f"))
    assert alice.calls.thing(thing_id).description == "e f"


def test_categories_and_languages(world: World) -> None:
    categories = {it.id for it in world.nobody().categories()}
    assert categories == {"text", "images", "video", "audio", "software", "people", "rest"}
    languages = {it.id: it.text for it in world.nobody().languages()}
    assert languages["en_GB"] == "English"


@pytest.mark.parametrize(
    "call",
    [
        lambda calls: calls.flattr("https://github.com/smgt"),
        lambda calls: calls.flattr_thing(1),
        lambda calls: calls.flattrs(),
        lambda calls: calls.user(),
        lambda calls: calls.user_things(),
        lambda calls: calls.create_thing(ThingDraft(url="https://blog.example/")),
        lambda calls: calls.update_thing(1, ThingChange(title="T")),
        lambda calls: calls.delete_thing(1),
    ],
)
def test_what_needs_a_token(world: World, call: Callable[[Backend], object]) -> None:
    with pytest.raises(Unauthorized):
        call(world.nobody())
