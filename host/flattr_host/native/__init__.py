"""One browser connection: frames over stdio, the message schema, and the loop between them."""

from collections.abc import Collection

from .callers import CALLERS, is_allowed


def main(callers: Collection[str] = CALLERS) -> int:
    """``flattr-native-host``: what browsers start, with the extension's name in the arguments.

    ``callers`` are the extensions that it talks with: the launcher's are those that it was
    registered for. Returns the exit code.
    """
    import gc
    import signal
    import sys

    from .stdio import take_stdio

    # Looking for garbage among modules that are just being loaded takes a tenth of a cold start;
    # the loop turns it on again after its first answer.
    gc.disable()

    # A browser that was started in a terminal shares its Ctrl-C; the end of the stream ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    # Before anything else is imported, so that nothing can ever print into the stream.
    browser = take_stdio()

    from .host import Host

    return Host(browser, is_allowed=is_allowed(sys.argv[1:], callers)).run()
