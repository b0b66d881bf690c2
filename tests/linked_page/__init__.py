"""Where a link leads: pure tests, and real ones in a small internet of their own."""
