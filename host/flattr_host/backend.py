"""What answers the API's calls: the embedded ledger, or a server.

A backend's methods are synchronous, may be called from several threads at once, and raise the
errors of :mod:`flattr_host.api.errors`.
"""

from typing import Protocol

from .api.objects import Flattr, Flattred


class Backend(Protocol):
    """The calls of the API that the main job needs, as the token's user."""

    def flattr(self, url: str) -> Flattred:
        """``POST /flattr``: flattr what ``url`` stands for, registering it first if need be.

        ``url`` is one that the backend knows, one that discovery knows, or an auto-submit URL.
        When this returns, the flattr is durably stored.

        Raises ``FlattrOnce``, ``FlattrOwner``, ``NoMeans``, ``NotFound``, ``InvalidRequest``.
        """

    def flattrs(self, count: int = 30, page: int = 1) -> list[Flattr]:
        """``GET /user/flattrs``: newest first; ``page`` counts from 1. Short at the end."""
