"""What answers the API's calls: the embedded ledger, or a server.

A backend's methods are synchronous, may be called from several threads at once, and raise the
errors of :mod:`flattr_host.api.errors`.
"""

from collections.abc import Sequence
from typing import Protocol

from .api.errors import FlattrError
from .api.objects import (
    COUNT,
    Choice,
    Flattr,
    Flattred,
    Lookup,
    Search,
    SearchResult,
    Thing,
    ThingChange,
    ThingDraft,
    User,
)

#: No more flattrs than this are made by one call.
BULK = 50


class Backend(Protocol):
    """The calls of the API, as the token's user.

    Lists are pages of ``count`` objects, ``page`` counts from 1, and a page with fewer than
    ``count`` is the last. ``full`` asks for users and things in full inside of lists. Without a
    token, what needs one raises ``Unauthorized``.
    """

    def flattr(self, url: str) -> Flattred:
        """``POST /flattr``: flattr what ``url`` stands for, registering it first if need be.

        ``url`` is one that the backend knows, one that discovery knows, or an auto-submit URL.
        When this returns, the flattr is durably stored.

        Raises ``FlattrOnce``, ``FlattrOwner``, ``NoMeans``, ``NotFound``, ``InvalidRequest``,
        ``Validation``, ``InsufficientScope``.
        """

    def flattr_thing(self, thing_id: int) -> Flattred:
        """``POST /things/:id/flattr``. Raises as :meth:`flattr` does."""

    def flattr_bulk(self, urls: Sequence[str]) -> list[Flattred | FlattrError]:
        """``POST /flattr/bulk``: what each of at most ``BULK`` flattrs came to, in their order.

        Each is a flattr of its own; one that is refused ends no other. Raises ``NotFound`` where
        there is no such call.
        """

    def flattrs(self, count: int = COUNT, page: int = 1, full: bool = False) -> list[Flattr]:
        """``GET /user/flattrs``: what the user flattred, newest first."""

    def user_flattrs(
        self, username: str, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """``GET /users/:username/flattrs``, newest first.

        An empty first page means one of two things that the API does not tell apart: the user
        hides their flattrs, or has none. Raises ``NotFound``.
        """

    def thing_flattrs(
        self, thing_id: int, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """``GET /things/:id/flattrs``: who flattred it, newest first. Raises ``NotFound``."""

    def lookup(self, url: str) -> Lookup:
        """``GET /things/lookup``: is ``url`` a thing, or could it become one?

        Raises ``Validation`` for an auto-submit URL that names another owner than the thing's.
        """

    def thing(self, thing_id: int) -> Thing:
        """``GET /things/:id``. Raises ``NotFound``."""

    def things(self, thing_ids: Sequence[int]) -> list[Thing]:
        """``GET /things/:id,:id``: those of them that exist. Raises ``NotFound`` for none."""

    def user(self, username: str | None = None) -> User:
        """``GET /users/:username``, and ``GET /user`` for the token's. Raises ``NotFound``."""

    def user_things(
        self, username: str | None = None, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Thing]:
        """``GET /users/:username/things`` and ``GET /user/things``. Raises ``NotFound``."""

    def search(
        self, search: Search, count: int = COUNT, page: int = 1, full: bool = False
    ) -> SearchResult:
        """``GET /things/search``."""

    def categories(self) -> list[Choice]:
        """``GET /categories``."""

    def languages(self) -> list[Choice]:
        """``GET /languages``."""

    def create_thing(self, draft: ThingDraft) -> int:
        """``POST /things``: the new thing's id. Scope ``thing``.

        Raises ``Validation``, and ``InvalidParameters`` without a ``url``.
        """

    def update_thing(self, thing_id: int, change: ThingChange) -> None:
        """``PATCH /things/:id``, one's own. Raises ``NotFound``, ``Forbidden``, ``Validation``."""

    def delete_thing(self, thing_id: int) -> None:
        """``DELETE /things/:id``, one's own. Raises ``NotFound`` and ``Forbidden``.

        What was flattred stays in everybody's history: it is a record of payments.
        """
