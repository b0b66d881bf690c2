"""Where secrets lie: in the keyring of the operating system, else in a private file.

A secret's name says what it is for: the address of the API for its token, and ``client_id@address``
for an application's own secret.
"""

from typing import TYPE_CHECKING

from .. import log
from ..api.secret import Secret
from . import secret_file
from .errors import TokenUnavailable
from .record import Place

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

#: What the keyring's own program shows these secrets as.
SERVICE = "flattr-host"

_UNLOCK = "Unlock it and try again, or sign out with `flattr-host logout` and connect anew."


def save(name: str, secret: Secret) -> Place:
    """Keeps a secret, and tells where. Raises ``TokenUnavailable`` where neither place takes it."""
    if _save_in_keyring(name, secret):
        secret_file.remove(name)
        return "keyring"
    secret_file.save(name, secret)
    return "file"


def load(name: str, place: Place) -> Secret | None:
    """The secret with that name; None if it is not there. Raises ``TokenUnavailable``."""
    if place == "file":
        return secret_file.load(name)
    import keyring  # a tenth of a second, so only for who has something in there

    try:
        text = keyring.get_password(SERVICE, name)
    except Exception as error:  # whatever a backend, a bus or a system library comes up with
        raise _keyring_trouble(error) from None
    return None if text is None else Secret(text)


def find(name: str) -> Secret | None:
    """The secret with that name, wherever it lies. Raises ``TokenUnavailable``."""
    return load(name, "file") or (load(name, "keyring") if _keyring() else None)


def remove_everywhere(name: str) -> None:
    """Removes a secret, wherever it lies. Raises ``TokenUnavailable``."""
    remove(name, "file")
    if _keyring():
        remove(name, "keyring")


def remove(name: str, place: Place) -> None:
    """Removes a secret, if it is there. Raises ``TokenUnavailable`` if it may be there still."""
    if place == "file":
        secret_file.remove(name)
        return
    import keyring

    try:
        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)
    except Exception as error:
        raise _keyring_trouble(error) from None


def _save_in_keyring(name: str, secret: Secret) -> bool:
    keyring = _keyring()
    if not keyring:
        return False
    try:
        keyring.set_password(SERVICE, name, secret.reveal())
        return keyring.get_password(SERVICE, name) == secret.reveal()
    except Exception as error:
        log.write(f"keyring: {type(error).__name__}")
        return False


def _keyring() -> "KeyringBackend | None":
    """The system's keyring; None where there is none that protects anything.

    Priorities below 1 are for what is not recommended: nothing at all, or a file of its own that
    is not encrypted or asks for a password on the terminal.
    """
    import keyring

    try:
        found = keyring.get_keyring()
        return found if found.priority >= 1 else None
    except Exception as error:  # priority is worked out, which may fail
        log.write(f"keyring: {type(error).__name__}")
        return None


def _keyring_trouble(error: Exception) -> TokenUnavailable:
    log.write(f"keyring: {type(error).__name__}")
    return TokenUnavailable(f"The keyring of this computer does not answer or is locked. {_UNLOCK}")
