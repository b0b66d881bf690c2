"""Images of things from real servers, in the same small internet as pages."""

import base64

import pytest

from .conftest import Internet
from .stage import PUBLIC

PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n...").decode()


@pytest.mark.parametrize("path", ["/picture.png", "/to?/picture.png", "/to?/to?/picture.png"])
def test_an_image_comes_as_data_and_nobody_learns_who_asks(internet: Internet, path: str) -> None:
    outcome = internet.read_image(f"http://plain.example{path}")
    assert (outcome.image, outcome.unread) == (PICTURE, None)
    assert set(outcome.reached) == {PUBLIC}
    names = {field.split(":")[0].lower() for one in outcome.seen for field in one["fields"]}
    assert names == {"host", "accept", "accept-encoding", "user-agent", "connection"}


def test_the_bytes_say_what_it_is_and_not_the_server(internet: Internet) -> None:
    image = internet.read_image("http://plain.example/picture.webp").image
    assert image
    assert image.startswith("data:image/webp;base64,")
    for path in ("/", "/picture.svg", "/picture.gz", "/other-image"):
        outcome = internet.read_image(f"http://plain.example{path}")
        assert (outcome.image, outcome.unread) == (
            None, "It is none of the kinds of images that are shown.",
        )  # fmt: skip


def test_large_images_are_not_taken(internet: Internet) -> None:
    assert internet.read_image("http://plain.example/just-a-picture").image
    for path in ("/too-large-a-picture", "/bomb", "/endless"):
        assert internet.read_image(f"http://plain.example{path}").unread == (
            "It is larger than 256 KiB."
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://private.example/picture.png",
        "http://loopback.example/picture.png",
        "http://10.0.0.1/picture.png",
        "http://plain.example/to?http://169.254.169.254/picture.png",
        "http://rebinding-image.example/to?/picture.png",
        "file:///etc/passwd",
        "not an address",
    ],
)
def test_no_image_comes_from_where_no_page_comes_from(internet: Internet, url: str) -> None:
    outcome = internet.read_image(url, "https://flattr.example/rest/v2")
    assert outcome.image is None
    assert outcome.unread
    assert set(outcome.reached) <= {PUBLIC}


def test_trouble_on_the_way_is_told(internet: Internet) -> None:
    missing = internet.read_image("http://plain.example/missing")
    assert "(status 404)" in str(missing.unread)
    assert internet.read_image("http://plain.example/drip").unread == (
        "It was not there within 5 seconds."
    )


def test_a_server_on_this_machine_has_its_own_images(internet: Internet) -> None:
    here = "http://127.0.0.1:8080"
    assert internet.read_image(f"{here}/picture.png", f"{here}/rest/v2").image == PICTURE
    for url in (f"{here}/to?/picture.png", "http://127.0.0.1/picture.png"):
        outcome = internet.read_image(url, f"{here}/rest/v2")
        assert outcome.image is None
        assert outcome.unread
    assert internet.read_image(f"{here}/too-large-a-picture", f"{here}/rest/v2").image is None
