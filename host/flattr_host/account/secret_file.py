"""Secrets in a private file: for where there is no keyring.

One JSON object of names and secrets, 0600, in a folder of its own, 0700. What others could have
read or put there is refused, not mended silently.
"""

import os
import stat
import sys
from contextlib import suppress

import msgspec

from .. import files, paths
from ..api.secret import Secret
from .errors import TokenUnavailable

_decoder = msgspec.json.Decoder(dict[str, str])  # worked out here, see settings.DEFAULTS

_FOLDER = "The folder of the token file"
_FILE = "The token file"
_BEGIN_ANEW = "Delete it, and connect your account again."


def folder() -> str:
    """The folder that only the person can open."""
    return os.path.join(paths.data_dir(), "private")


def path() -> str:
    """The file in it."""
    return os.path.join(folder(), "token.json")


def load(name: str) -> Secret | None:
    """The secret with that name. Raises ``TokenUnavailable``."""
    text = _read().get(name)
    return None if text is None else Secret(text)


def save(name: str, secret: Secret) -> None:
    """Keeps a secret, in place of the one with that name. Raises ``TokenUnavailable``."""
    _change(name, secret)


def remove(name: str) -> None:
    """Removes the secret with that name, if there is one. Raises ``TokenUnavailable``.

    A file that is refused goes as a whole: what is in it cannot be trusted any more.
    """
    if not os.path.lexists(path()):
        return
    try:
        _change(name, None)
    except TokenUnavailable:
        _discard()


def _change(name: str, secret: Secret | None) -> None:
    try:
        with files.locked(folder()):
            secrets = _read()
            secrets.pop(name, None)
            if secret:
                secrets[name] = secret.reveal()
            if secrets:
                files.write(path(), msgspec.json.encode(secrets))
            elif os.path.lexists(path()):
                os.unlink(path())
                files.sync_names(folder())
    except OSError as error:
        raise TokenUnavailable(f"{_FILE} cannot be written: {error.strerror}.") from error


def _discard() -> None:
    try:
        if os.path.islink(folder()):
            os.unlink(folder())
            return
        os.unlink(path())
        with suppress(OSError):
            os.rmdir(folder())
    except OSError as error:
        raise TokenUnavailable(f"{_FILE} cannot be removed: {error.strerror}.") from error


def _read() -> dict[str, str]:
    try:
        found = os.lstat(folder())
        if not stat.S_ISDIR(found.st_mode):
            raise TokenUnavailable(f"{_FOLDER} is a link or no folder. {_BEGIN_ANEW}")
        _check_private(found, _FOLDER)
        # Neither follows a link nor waits for the other end of a pipe.
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(path(), os.O_RDONLY | flags)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TokenUnavailable(f"{_FILE} is a link, or cannot be opened. {_BEGIN_ANEW}") from error
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise TokenUnavailable(f"{_FILE} is no regular file. {_BEGIN_ANEW}")
        _check_private(found, _FILE)
        try:
            return _decoder.decode(file.read())
        except (OSError, msgspec.DecodeError, ValueError, RecursionError):
            # "from None": the error's own text may quote the file.
            raise TokenUnavailable(f"{_FILE} is damaged. {_BEGIN_ANEW}") from None


def _check_private(found: os.stat_result, what: str) -> None:
    if sys.platform == "win32":
        return  # where the profile's access control list keeps others out
    if found.st_uid != os.getuid():
        raise TokenUnavailable(f"{what} belongs to somebody else. {_BEGIN_ANEW}")
    if found.st_mode & 0o077:
        raise TokenUnavailable(
            f"{what} can be opened by others, who may have read the token. Revoke it on the server,"
            " run `flattr-host logout`, and connect your account again."
        )
