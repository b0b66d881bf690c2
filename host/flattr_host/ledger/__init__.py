"""The embedded backend: the API's rules over one SQLite file."""

from .ledger import Ledger, Person
from .store import LedgerUnavailable, Store

__all__ = ["Ledger", "LedgerUnavailable", "Person", "Store"]
