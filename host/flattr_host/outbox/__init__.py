"""Flattrs that were asked for and are not settled yet; survives anything."""
