"""The API as data, and the remote backend against servers that say what a test tells them to."""
