"""The Flattr REST API v2: as data, and as a backend over HTTP. Knows nothing of the rest."""
