"""Finding the files that travel with the program: the manifests' data and the extension.

In an installed package they lie in ``flattr_host/_data``; in a checkout (an editable install) at
its top level, where people edit them.
"""

import importlib.metadata
import os
import urllib.parse
import urllib.request
from pathlib import Path

import msgspec

PACKAGE = Path(__file__).parents[1]


def manifests() -> Path:
    """The folder of ``browsers.toml`` and the manifest templates."""
    return _find("manifests")


def extension() -> Path:
    """The folder of the WebExtension, as a browser loads it."""
    return _find("extension")


def extension_to_load() -> Path:
    """The folder of the WebExtension to show to a person who loads it by hand.

    That is the checkout this was installed from, as long as it is there: unlike the private
    environment it does not move with the next version, and a file dialog finds it.
    """
    try:
        text = importlib.metadata.distribution("flattr-host").read_text("direct_url.json")
        url = urllib.parse.urlsplit(msgspec.json.decode(text or "{}").get("url", ""))
    except (importlib.metadata.PackageNotFoundError, msgspec.DecodeError, ValueError):
        return extension()
    if url.scheme == "file":
        source = Path(urllib.request.url2pathname(url.path)) / "extension"
        if os.path.isfile(source / "manifest.json"):
            return source
    return extension()


def _find(name: str) -> Path:
    installed = PACKAGE / "_data" / name
    return installed if installed.is_dir() else PACKAGE.parents[1] / name
