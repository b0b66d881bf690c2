"""Who started the host: the extension that a browser names in its arguments.

Chromium gives the extension's origin, and on Windows ``--parent-window=N``; Firefox gives the
path of the manifest and the extension's id. Strings alone, for this is on the way of every click.
"""

from collections.abc import Collection, Sequence

#: Our extension, as each family of browsers names it: by ``extension/manifest.json``, from which
#: a test derives them. `flattr-host register` writes those that it registers into the launcher.
CALLERS = (
    "chrome-extension://ggncggcehgmhookibkoblabggpjdgken/",
    "flattr-host@flattr-host.github.io",
)

_CHROMIUM_SCHEME = "chrome-extension://"


def caller(arguments: Sequence[str]) -> str:
    """The extension that a browser names in ``arguments``; "" for those that no browser gives."""
    match arguments:
        case [origin, *options] if origin.startswith(_CHROMIUM_SCHEME):
            return origin if all(option.startswith("--") for option in options) else ""
        case [_manifest, addon_id]:
            return addon_id
    return ""


def is_allowed(arguments: Sequence[str], callers: Collection[str]) -> bool:
    """Whether one of ``callers`` started us."""
    return caller(arguments) in callers
