"""The embedded backend: the API's rules over one SQLite file, which can be served too."""

from .ledger import Ledger, Person
from .rows import Addresses
from .store import LedgerUnavailable, Store

__all__ = ["Addresses", "Ledger", "LedgerUnavailable", "Person", "Store"]
