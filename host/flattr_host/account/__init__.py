"""The connection to a server: signing in there with OAuth, and where the token lies."""
