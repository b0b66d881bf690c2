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

_OWNER = r"^([a-z0-9.-]+:)?[\w.+-]{1,64}$"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings and their defaults."""

    #: How long a flattr can be undone before it is sent, in seconds. 0: it is sent at once.
    undo_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 3.0
    #: Owners that are the person: Flattr usernames, and ``site:name`` as ``github:smgt``.
    own_usernames: tuple[Annotated[str, msgspec.Meta(pattern=_OWNER)], ...] = ()
    #: False: the embedded ledger refuses every flattr with ``no_means``.
    means: bool = True


#: The settings of somebody who set none. Converted, not constructed: msgspec works out a type when
#: it first converts to it, and crashes the process if two threads do so at once (0.22, measured).
DEFAULTS = msgspec.convert({}, Settings)


class InvalidSettings(FlattrError):
    """``settings.toml`` cannot be read; ``str()`` says where and why."""

    code = "invalid_settings"


def settings_path() -> str:
    """Where the settings are read from."""
    return os.path.join(paths.config_dir(), "settings.toml")


def load() -> Settings:
    """The person's settings; the defaults where there is no file. Raises ``InvalidSettings``."""
    try:
        with open(settings_path(), "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return DEFAULTS
    except OSError as error:
        raise InvalidSettings(f"It cannot be read: {error.strerror}.") from error
    try:
        return msgspec.toml.decode(text.removeprefix(codecs.BOM_UTF8), type=Settings)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidSettings(f"{error}.") from error
