"""What can be wrong with the outbox, or with one's hold on an entry."""

from ..api.errors import FlattrError


class OutboxUnavailable(FlattrError):
    """The file cannot be read or written; what was asked for was not written down."""

    code = "outbox_unavailable"


class Interrupted(FlattrError):
    """The grace period was cut off; nothing was sent."""

    code = "interrupted"


class LeaseLost(Exception):
    """It took too long, and another process has the entry now."""
