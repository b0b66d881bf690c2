"""OAuth 2: the authorization code flow with PKCE, as texts in and texts out. No I/O.

RFC 6749 section 4.1, RFC 7636 (S256), RFC 7009 for signing out, RFC 8252 for native programs.
"""

import base64
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import msgspec
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import WebApplicationClient

from ..api.errors import MAX_DESCRIPTION
from ..api.objects import read
from ..api.secret import Secret
from ..settings import DEFAULTS, Settings
from .errors import ConnectingFailed

#: What is asked for: no more than the button needs.
SCOPE = "flattr"

_REST = "/rest/v2"


class Endpoints(msgspec.Struct, frozen=True):
    """A server's addresses for signing in."""

    authorize_url: str
    token_url: str


class Client(msgspec.Struct, frozen=True):
    """What the server knows this program as; with ``secret`` if it is a confidential client."""

    client_id: str
    secret: Secret | None = None


class Granted(msgspec.Struct, frozen=True):
    """A token and what it is for; ``scope`` is "" where nobody said."""

    token: Secret
    scope: str


def settings_for(api_url: str, settings: Settings) -> Settings:
    """The settings to connect to ``api_url`` with.

    What is set for signing in belongs to the server that is set, and is not told to another.
    """
    if api_url == settings.api_url:
        return settings
    return msgspec.structs.replace(
        settings,
        api_url=api_url,
        authorize_url=DEFAULTS.authorize_url,
        token_url=DEFAULTS.token_url,
        client_id=DEFAULTS.client_id,
    )


def endpoints(settings: Settings) -> Endpoints:
    """The addresses that belong to the API of the settings.

    Raises ``ConnectingFailed`` where they are neither set nor follow from ``api_url``.
    """
    api_url = settings.api_url
    base = api_url.removesuffix(_REST) if api_url.endswith(_REST) else ""
    authorize_url = settings.authorize_url or (base and f"{base}/oauth/authorize")
    token_url = settings.token_url or (base and f"{base}/oauth/token")
    if not (authorize_url and token_url):
        raise ConnectingFailed(
            f"Where to sign in cannot be told from an address that does not end with {_REST}:"
            " set authorize_url and token_url with `flattr-host config set`."
        )
    return Endpoints(authorize_url, token_url)


def revoke_url(api_url: str) -> str:
    """Where a token is revoked; "" where that does not follow from ``api_url``."""
    return f"{api_url.removesuffix(_REST)}/oauth/revoke" if api_url.endswith(_REST) else ""


class Exchange:
    """One exchange, with a state and a verifier that are never used again."""

    def __init__(self, client: Client, redirect_uri: str, state: str) -> None:
        self._client = client
        self._redirect_uri = redirect_uri
        self._state = state
        self._oauth = WebApplicationClient(client.client_id)
        self._verifier = self._oauth.create_code_verifier(64)

    def authorize_url(self, endpoint: str) -> str:
        """The address to open in the browser.

        Not with oauthlib's ``prepare_request_uri``, which knows no server on this machine: it
        takes https alone.
        """
        challenge = self._oauth.create_code_challenge(self._verifier, "S256")
        parameters = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": self._state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return add_params_to_uri(endpoint, list(parameters.items()))

    def token_request(self, redirected: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
        """Headers and body for the token endpoint, from what the redirect brought.

        Raises ``ConnectingFailed`` where it brought an error.
        """
        if "error" in redirected:
            raise _refused(redirected["error"], redirected.get("error_description", ""))
        if not redirected.get("code"):
            raise ConnectingFailed("The server sent neither a code nor an error.")
        body = self._oauth.prepare_request_body(
            code=redirected["code"],
            redirect_uri=self._redirect_uri,
            code_verifier=self._verifier,
            include_client_id=not self._client.secret,
        )
        return _headers(self._client), body.encode()


def new_state() -> str:
    """A ``state`` that nobody can guess."""
    return secrets.token_urlsafe(32)


def revocation_request(client: Client, token: Secret) -> tuple[dict[str, str], bytes]:
    """Headers and body for the revocation endpoint."""
    form = {"token": token.reveal(), "token_type_hint": "access_token"}
    if not client.secret:
        form["client_id"] = client.client_id
    return _headers(client), urlencode(form).encode()


def _headers(client: Client) -> dict[str, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if client.secret:  # encoded twice: RFC 6749 section 2.3.1
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret.reveal())}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


class _TokenAnswer(msgspec.Struct):
    """What a token endpoint may say; only a token or an error is counted on."""

    access_token: str = ""
    token_type: str = "bearer"  # noqa: S105 - a word of RFC 6750
    scope: str = ""
    error: str = ""
    error_description: str = ""


_TOKEN_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F)))  # RFC 6749 appendix A.12, less blanks


def secrets_in(client: Client, form: bytes) -> list[str]:
    """What a token request tells the server that nobody else may be told."""
    fields = dict(parse_qsl(form.decode()))
    secret = client.secret.reveal() if client.secret else ""
    return [secret, fields.get("code", ""), fields.get("code_verifier", "")]


def granted(answer: Any) -> Granted:
    """What the token endpoint answered, as decoded JSON. Raises ``ConnectingFailed``."""
    try:
        said = read(answer, _TokenAnswer)
    except msgspec.ValidationError:  # its text might quote the token
        said = _TokenAnswer()
    if said.error:
        raise _refused(said.error, said.error_description)
    if not said.access_token or said.token_type.lower() != "bearer":
        raise ConnectingFailed("What the server answered holds no token.")
    # Not to say it means: as it was asked for (RFC 6749 section 5.1).
    return Granted(checked_token(said.access_token), said.scope or SCOPE)


def checked_token(text: str) -> Secret:
    """``text`` as a token, if it can go into a header. Raises ``ConnectingFailed``."""
    if not 1 <= len(text) <= 4096 or not _TOKEN_CHARACTERS.issuperset(text):
        raise ConnectingFailed("This is no token: it is empty, too long, or has blanks in it.")
    return Secret(text)


_IN_WORDS = {
    "access_denied": "You said no on the server's page.",
    "invalid_client": "The server does not know this program: its client id or secret is wrong.",
    "unauthorized_client": "The server does not let this program sign in like that.",
    "invalid_grant": "The server no longer takes its own code; it is too old or was used already.",
    "invalid_scope": "The server does not offer what flattring needs.",
    "server_error": "The server failed; try again later.",
    "temporarily_unavailable": "The server is busy; try again later.",
}


def _refused(word: str, description: str) -> ConnectingFailed:
    words = _IN_WORDS.get(word)
    if not words:
        said = ": ".join(filter(None, (word, description)))
        shown = "".join(filter(str.isprintable, said))[:MAX_DESCRIPTION]
        words = f"The server says: {shown}."
    return ConnectingFailed(words)
