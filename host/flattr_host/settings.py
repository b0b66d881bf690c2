"""What a person may set, in ``settings.toml`` in the configuration folder.

The file need not exist. docs/settings.md lists the settings; a mistake in the file is told with
its place, never guessed around, since money may hang on it.
"""

import codecs
import os
from typing import Annotated

import msgspec

from . import paths
from .api.errors import FlattrError

#: ``api_url`` where no server is used, but the ledger on this computer.
EMBEDDED = "embedded"

_OWNER = r"^([a-z0-9.-]+:[\w.+@-]{1,64}|[\w.+-]{1,64})$"  # npm's scopes begin with an "@"
_CLIENT_ID = r"^[\x20-\x7e]{1,255}$"  # RFC 6749 appendix A.1

# No user, password or fragment; printable ASCII. The same rule as api.transport's, which loads more
# than all of a flattr takes to be written.
_PLACE = r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?"
_PATH = r"(/[!-\"$->@-\[\]-~]*)?"
_QUERY = r"(\?[!-\"$-\[\]-~]*)?"

_ADDRESS = "an address that begins with https:// (http:// only for this computer) and has no"
_VALUES = {
    "undo_seconds": "a number from 0 to 60",
    "own_usernames": 'a list of Flattr user names, and of names on sites as "github:smgt"',
    "means": "true or false",
    "read_links": "true or false",
    "api_url": f'"{EMBEDDED}", or {_ADDRESS} user name, no ? and no #',
    "authorize_url": f"empty, or {_ADDRESS} user name and no #",
    "token_url": f"empty, or {_ADDRESS} user name and no #",
    "client_id": "1 to 255 letters, digits and signs of ASCII",
}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings and their defaults."""

    #: How long a flattr can be undone before it is sent, in seconds. 0: it is sent at once.
    undo_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 3.0
    #: Owners that are the person: Flattr usernames, and ``site:name`` as ``github:smgt``.
    own_usernames: tuple[Annotated[str, msgspec.Meta(pattern=_OWNER)], ...] = ()
    #: False: the embedded ledger refuses every flattr with ``no_means``.
    means: bool = True
    #: May the page of a link be fetched, on "Flattr this link", when its address says nothing?
    read_links: bool = True
    #: Where the API is, without a slash at the end; or ``EMBEDDED``.
    api_url: str = EMBEDDED
    #: The server's pages for OAuth; "" for those that belong to ``api_url``.
    authorize_url: str = ""
    token_url: str = ""
    #: What the server knows this program as.
    client_id: Annotated[str, msgspec.Meta(pattern=_CLIENT_ID)] = "flattr-host"

    def __post_init__(self) -> None:
        if self.api_url != EMBEDDED:
            if not is_api_url(self.api_url):
                raise ValueError(mistake("api_url"))
            msgspec.structs.force_setattr(self, "api_url", self.api_url.rstrip("/"))
        for name, url in (("authorize_url", self.authorize_url), ("token_url", self.token_url)):
            if url and not _is_address(url, _PATH + _QUERY):
                raise ValueError(mistake(name))


def is_api_url(url: str) -> bool:
    """Whether calls of the API, and a token with them, may go to this address."""
    return _is_address(url, _PATH)


def _is_address(url: str, after_place: str) -> bool:
    """Whether it is https to anywhere, or http to this computer."""
    import ipaddress  # and re: here, since most have none of these addresses
    import re

    found = re.fullmatch(_PLACE + after_place, url, re.IGNORECASE | re.ASCII)
    if not found or int(found["port"] or 0) > 65535:
        return False
    host, is_secure = found["host"].lower(), found["scheme"].lower() == "https"
    is_bracketed = host.startswith("[")
    if host == "localhost" or (is_secure and not is_bracketed):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    if (address.version == 6) != is_bracketed:
        return False
    return is_secure or str(address) == "::1" or str(address).startswith("127.")


def mistake(name: str) -> str:
    """What to say of a setting with a wrong value, or of a name that is none, as a sentence."""
    return f"{name} is {_VALUES[name]}." if name in _VALUES else f"There is no setting {name}."


#: The settings of somebody who set none. Converted, not constructed: msgspec works out a type when
#: it first converts to it, and crashes the process if two threads do so at once (0.22, measured).
DEFAULTS = msgspec.convert({}, Settings)


class InvalidSettings(FlattrError):
    """``settings.toml`` cannot be used; ``str()`` says where and why."""

    code = "invalid_settings"


def settings_path() -> str:
    """Where the settings are read from."""
    return os.path.join(paths.config_dir(), "settings.toml")


def load() -> Settings:
    """The person's settings; the defaults where there is no file. Raises ``InvalidSettings``."""
    text = read_file(settings_path())
    return _decode(text) if text else DEFAULTS


def change(**values: object) -> Settings:
    """Writes these settings, and gives all as they are now. None: back to the default.

    Comments and the order of the file stay; a link is followed, since settings may lie among
    others of the person's. Raises ``InvalidSettings``, and leaves the file as it was then; unless
    that mended one of several mistakes, which is kept.
    """
    from . import files  # and tomlkit: both only to write

    path = os.path.realpath(settings_path())
    try:
        with files.locked(os.path.dirname(path)):
            old = read_file(path)
            mistakes = _mistakes(old)
            new = _edited(old, values)
            left = _mistakes(new)
            if left and not set(left) < set(mistakes):
                raise InvalidSettings(" ".join(left))
            mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o600
            if new != old:
                files.write(path, new, mode)
    except OSError as error:
        raise InvalidSettings(f"The file cannot be written: {error.strerror}.") from error
    if left:
        raise InvalidSettings(f"This one is mended. {' '.join(left)}")
    return _decode(new)


def _edited(text: bytes, values: dict[str, object]) -> bytes:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text.removeprefix(codecs.BOM_UTF8))
    except TOMLKitError as error:
        raise InvalidSettings(f"{error}.") from error
    for name, value in values.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document).encode()


def read_file(path: str, called: str = "The file") -> bytes:
    """What a person wrote there; nothing where there is no file. Raises ``InvalidSettings``."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InvalidSettings(f"{called} cannot be read: {error.strerror}.") from error


def _decode(text: bytes) -> Settings:
    try:
        return msgspec.convert(_values(text), Settings)
    except msgspec.ValidationError:  # its words are a programmer's
        raise InvalidSettings(" ".join(_mistakes(text))) from None


def _mistakes(text: bytes) -> list[str]:
    """A sentence for each setting that is wrong. Raises ``InvalidSettings`` if it is no TOML."""
    wrong = []
    for name, value in _values(text).items():
        try:
            msgspec.convert({name: value}, Settings)
        except msgspec.ValidationError:
            wrong.append(mistake(name))
    return wrong


def _values(text: bytes) -> dict[str, object]:
    try:
        values: dict[str, object] = msgspec.toml.decode(text.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidSettings(f"{error}.") from error
    return values
