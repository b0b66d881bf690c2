"""Half an hour of a busy person: what grows in the host, and in the server, that should not?"""
