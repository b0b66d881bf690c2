"""Run by hatchling: the README for PyPI, where no other file of the project is beside it."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A picture or a link that leads to a path: "![" or "[", the text, and where the path begins.
_TO_A_PATH = re.compile(r"(!?)(\[[^\[\]]*\]\()(?!https?:|#)")


class PypiReadme(MetadataHookInterface):
    """Makes the README's paths addresses, those of this version's tag."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the README into what is told about the project."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = addressed(readme, metadata["urls"]["Source"], f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def addressed(readme: str, repository: str, tag: str) -> str:
    """The README with links to the files that a tag has in a repository on GitHub."""

    def begun(match: re.Match[str]) -> str:
        kind = "raw" if match[1] else "blob"  # a picture itself, not the page that shows it
        return f"{match[0]}{repository}/{kind}/{tag}/"

    return _TO_A_PATH.sub(begun, readme)
