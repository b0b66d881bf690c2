"""The tests of flattr-host. ``python3 -m tests`` runs all of them."""
