"""What can go wrong with an account, apart from what the server's API says."""

from ..api.errors import FlattrError


class NotConnected(FlattrError):
    """A server is set, and no account of it is connected. Nothing went over the network."""

    code = "not_connected"


class TokenUnavailable(FlattrError):
    """The token cannot be read or removed where it lies; ``detail`` says why and what to do."""

    code = "token_unavailable"


class ConnectingFailed(FlattrError):
    """The account was not connected; ``detail`` says why."""

    code = "connecting_failed"


class ConnectingCancelled(FlattrError):
    """The person changed their mind before the account was connected."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("No account was connected.")
