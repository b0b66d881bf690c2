"""The sites that a person added, in ``sites.toml`` in the configuration folder."""

import threading
from typing import TYPE_CHECKING

from . import paths
from .settings import EMBEDDED, InvalidSettings, Settings, read_file

if TYPE_CHECKING:  # most flattrs get what was built for the one before
    from .discovery.rules import Rules

_API_PATH = "/rest/v2"

_lock = threading.Lock()
_built: "tuple[tuple[bytes, str, bool], Rules] | None" = None


def rules_for(mine: Settings) -> "Rules":
    """The rules of discovery for somebody with these settings and their own ``sites.toml``.

    The file is read at each call, so that a change of it counts at once. It need not exist. Raises
    ``InvalidSettings``, which says where the mistake is.
    """
    global _built
    is_served = mine.api_url != EMBEDDED
    server = mine.api_url.removesuffix(_API_PATH) if is_served else ""
    key = (read_file(paths.sites_path(), "sites.toml"), server, is_served)
    with _lock:
        if _built is None or _built[0] != key:
            _built = (key, _build(*key))
        return _built[1]


def _build(text: bytes, server: str, is_served: bool) -> "Rules":
    from .discovery import rules, sites

    try:
        own = sites.read_rows(text) if text else ()
    except sites.BadSites as error:
        raise InvalidSettings(f"sites.toml, {error}") from None
    sites.remember(own)
    if not own and not is_served:
        return rules.shipped()
    return rules.Rules(server, own, refuses_private=is_served)
