"""The ledger's file."""

import os

from ..api.errors import FlattrError
from ..database import Database, Schema

SCHEMA = Schema(os.path.join(os.path.dirname(__file__), "schema"), version=2)


class LedgerUnavailable(FlattrError):
    """The file cannot be read or written. Nothing was changed; ``str()`` says why."""

    code = "ledger_unavailable"


class Store(Database):
    """One ledger file, open; see ``Database``. Raises ``LedgerUnavailable``."""

    def __init__(self, path: str) -> None:
        super().__init__(path, SCHEMA, LedgerUnavailable)
