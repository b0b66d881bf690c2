"""The Flattr REST API v2 as data: its objects and its errors. No I/O; knows nothing of the rest."""
