"""OAuth as texts: what is asked, and every answer that a server may give."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flattr_host.account import oauth
from flattr_host.account.connecting import api_url_of
from flattr_host.account.errors import ConnectingFailed
from flattr_host.account.oauth import Client, Exchange
from flattr_host.api.secret import Secret
from flattr_host.settings import Settings

PUBLIC = Client("flattr-host")
CONFIDENTIAL = Client("an app", Secret("s:cret"))
REDIRECT = "http://127.0.0.1:1234/"


def begun(client: Client = PUBLIC) -> tuple[Exchange, dict[str, str]]:
    exchange = Exchange(client, REDIRECT, oauth.new_state())
    url = urlsplit(exchange.authorize_url("http://127.0.0.1:8765/oauth/authorize?x=1"))
    assert url.path == "/oauth/authorize"
    return exchange, {name: value for name, (value,) in parse_qs(url.query).items()}


def form(body: bytes) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(body.decode()).items()}


def test_a_public_client_proves_itself_with_its_verifier() -> None:
    exchange, asked = begun()
    headers, body = exchange.token_request({"code": "c&d"})
    sent = form(body)
    digest = hashlib.sha256(sent.pop("code_verifier").encode()).digest()
    assert asked.pop("code_challenge") == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert len(asked.pop("state")) >= 43
    assert asked == {
        "x": "1", "response_type": "code", "client_id": "flattr-host", "redirect_uri": REDIRECT,
        "scope": "flattr", "code_challenge_method": "S256",
    }  # fmt: skip
    assert sent == {
        "grant_type": "authorization_code", "code": "c&d", "redirect_uri": REDIRECT,
        "client_id": "flattr-host",
    }  # fmt: skip
    assert "Authorization" not in headers


def test_a_confidential_client_uses_basic() -> None:
    exchange, asked = begun(CONFIDENTIAL)
    headers, body = exchange.token_request({"code": "c"})
    basic = headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"an+app:s%3Acret"
    assert {"client_id", "client_secret"}.isdisjoint(form(body))
    assert asked["code_challenge_method"] == "S256"
    assert "s:cret" not in repr(CONFIDENTIAL)


def test_nothing_is_used_twice() -> None:
    exchanges = [begun() for _ in range(100)]
    assert len({asked["state"] for _, asked in exchanges}) == 100
    assert len({asked["code_challenge"] for _, asked in exchanges}) == 100
    verifiers = {form(it.token_request({"code": "c"})[1])["code_verifier"] for it, _ in exchanges}
    assert len(verifiers) == 100
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)


@pytest.mark.parametrize(
    ("redirected", "words"),
    [
        ({"error": "access_denied"}, "You said no"),
        ({"error": "odd", "error_description": "it \x1b[31mis"}, r"odd: it \[31mis"),
        ({}, "neither a code nor an error"),
        ({"code": ""}, "neither"),
    ],
)
def test_redirects_that_bring_no_code(redirected: dict[str, str], words: str) -> None:
    with pytest.raises(ConnectingFailed, match=words):
        begun()[0].token_request(redirected)


@pytest.mark.parametrize(
    ("answer", "scope"),
    [
        ({"access_token": "abc", "token_type": "bearer"}, "flattr"),
        ({"access_token": "abc", "token_type": "Bearer", "scope": "flattr thing"}, "flattr thing"),
        ({"access_token": "abc", "expires_in": 3600, "new": [1], "scope": None}, "flattr"),
    ],
)
def test_tokens(answer: dict[str, Any], scope: str) -> None:
    granted = oauth.granted(answer)
    assert (granted.token.reveal(), granted.scope) == ("abc", scope)
    assert "abc" not in repr(granted)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "invalid_client"}, "client id or secret"),
        ({"error": "invalid_grant", "error_description": "x"}, "too old or was used"),
        ({"error": "odd"}, "odd"),
        ({}, "no token"),
        ([], "no token"),
        ("abc", "no token"),
        ({"access_token": ["abc"]}, "no token"),
        ({"access_token": "abc", "token_type": "mac"}, "no token"),
        ({"access_token": "a\r\nX: b"}, "no token"),
        ({"access_token": "a" * 5000}, "too long"),
    ],
)
def test_answers_without_a_token(answer: object, words: str) -> None:
    with pytest.raises(ConnectingFailed, match=words) as caught:
        oauth.granted(answer)
    assert "abc" not in str(caught.value)


def test_where_a_server_has_its_pages() -> None:
    api_url = "https://example.org/x/rest/v2"
    base = "https://example.org/x/oauth"
    own = Settings(api_url=api_url, token_url="https://example.org/t")
    assert oauth.endpoints(Settings(api_url=api_url)).token_url == f"{base}/token"
    assert oauth.settings_for(api_url, own) == own
    assert oauth.endpoints(own) == oauth.Endpoints(f"{base}/authorize", "https://example.org/t")
    with pytest.raises(ConnectingFailed, match="authorize_url"):
        oauth.endpoints(Settings(api_url="https://example.org/api"))


def test_what_is_set_for_one_server_is_not_told_to_another() -> None:
    own = Settings(
        9,
        api_url="https://example.org/rest/v2",
        authorize_url="https://example.org/a",
        token_url="https://example.org/t",
        client_id="mine",
    )
    other = "https://other.example/rest/v2"
    assert oauth.settings_for(other, own) == Settings(9, api_url=other)


@pytest.mark.parametrize(
    ("typed", "api_url"),
    [
        ("example.org", "https://example.org/rest/v2"),
        (" Example.org/ ", "https://example.org/rest/v2"),
        ("HTTPS://example.org/Sub/rest/v2/", "https://example.org/Sub/rest/v2"),
        ("localhost:8765", "http://localhost:8765/rest/v2"),
        ("127.0.0.1:1", "http://127.0.0.1:1/rest/v2"),
        ("[::1]:1", "http://[::1]:1/rest/v2"),
        ("https://localhost", "https://localhost/rest/v2"),
        ("http://example.org", None),
        ("https://me@example.org", None),
        ("https://example.org/?a=b", None),
        ("https://example.org/#x", None),
        ("ftp://example.org", None),
        ("127.0.0.1.example.org", "https://127.0.0.1.example.org/rest/v2"),
        ("a b", None),
        ("", None),
    ],
)
def test_what_a_person_types(typed: str, api_url: str | None) -> None:
    if api_url:
        assert api_url_of(typed) == api_url
    else:
        with pytest.raises(ConnectingFailed, match="no address"):
            api_url_of(typed)
