"""Which account is connected: what may be known without opening the token's place."""

import os
from typing import Literal

import msgspec

from .. import files, paths
from .errors import TokenUnavailable

Place = Literal["keyring", "file"]


class Account(msgspec.Struct, frozen=True):
    """A connected account. ``scope`` is its token's, "" for a token that the person brought.

    ``connected_at`` is in nanoseconds of Unix time, so that no two connections are taken for one.
    """

    api_url: str
    username: str
    token_place: Place
    scope: str
    client_id: str
    connected_at: int

    @property
    def host(self) -> str:
        """The server's name, with its port if it has one of its own."""
        return self.api_url.split("/")[2]


_decoder = msgspec.json.Decoder(Account)  # worked out here, see settings.DEFAULTS


def path() -> str:
    """Where the record lies."""
    return os.path.join(paths.data_dir(), "account.json")


def read() -> Account | None:
    """The connected account, if there is one. A record that cannot be read is none."""
    try:
        with open(path(), "rb") as file:
            return _decoder.decode(file.read())
    except (OSError, msgspec.DecodeError, ValueError, RecursionError):
        return None


def write(account: Account) -> None:
    """Makes this the connected account. Raises ``OSError``."""
    with files.locked(paths.data_dir()):
        files.write(path(), msgspec.json.encode(account))


def remove(account: Account) -> bool:
    """Forgets this account, unless another was connected since; whether it was still there.

    Raises ``TokenUnavailable`` where it cannot be forgotten.
    """
    try:
        with files.locked(paths.data_dir()):
            if read() != account:
                return False
            os.unlink(path())
            files.sync_names(paths.data_dir())
            return True
    except OSError as error:
        raise TokenUnavailable(
            f"You are still signed in: account.json cannot be removed: {error.strerror}."
        ) from error
