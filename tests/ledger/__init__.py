"""The embedded ledger, in real SQLite files."""
