"""The backend of the connected account."""

from collections.abc import Callable

from ..api.remote import RemoteBackend
from ..api.secret import Secret
from . import record, token_store
from .errors import NotConnected
from .record import Account


class Connections:
    """Opens the backend with the token as it is now; other processes may connect and sign out."""

    def __init__(self) -> None:
        self._known: tuple[Account, Secret] | None = None

    def open(self, api_url: str, on_wait: Callable[[float], None]) -> tuple[RemoteBackend, Account]:
        """The backend, and whose it is. Calls no server.

        Raises ``NotConnected`` and ``TokenUnavailable``.
        """
        account = record.read()
        if not account or account.api_url != api_url:
            raise NotConnected
        token = self._token(account)
        if record.read() != account:  # somebody signed in meanwhile, and the token may be theirs
            return self.open(api_url, on_wait)
        return RemoteBackend(api_url, token, on_wait), account

    def _token(self, account: Account) -> Secret:
        if self._known and self._known[0] == account:
            return self._known[1]
        place = account.token_place
        token = token_store.load(account.api_url, place)
        if not token:
            record.remove(account)
            raise NotConnected
        if place == "keyring":  # each look into it takes tens of milliseconds
            self._known = account, token
        return token
