"""One browser connection, with the real host process."""
