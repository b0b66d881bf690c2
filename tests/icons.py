"""``python3 -m tests.icons``: draws the pictures in ``extension/icons`` anew, from their sources
in ``tests/extension``. Chromium draws them, as it draws any SVG in a page."""

import base64
import re
import subprocess
import tempfile
from pathlib import Path

from tests.__main__ import ROOT

SOURCES = ROOT / "tests" / "extension"
ICONS = ROOT / "extension" / "icons"

#: Which source is drawn in which sizes, in pixels. Small ones have heavier lines.
DRAWN = {
    "mark": [("mark_small.svg", 16), ("mark.svg", 32), ("mark.svg", 48), ("mark.svg", 128)],
    **{
        name: [(f"{name}.svg", 16), (f"{name}.svg", 32)]
        for name in ("open", "none", "half", "done")
    },
}

DRAWING = """<body><script type="module">
const image = new Image();
image.src = "data:image/svg+xml;base64,%s";
await image.decode();
const canvas = Object.assign(document.createElement("canvas"), { width: %d, height: %d });
canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
document.body.textContent = canvas.toDataURL("image/png");
</script>"""


def drawn(source: Path, size: int) -> bytes:
    """The PNG of an SVG, with a ground that is not there."""
    svg = base64.b64encode(source.read_bytes()).decode()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(DRAWING % (svg, size, size), "utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--virtual-time-budget=5000",
                   f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()]  # fmt: skip
        dom = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (encoded,) = re.findall(r"data:image/png;base64,([\w+/=]+)", dom)
    return base64.b64decode(encoded)


def main() -> None:
    for name, sizes in DRAWN.items():
        for source, size in sizes:
            (ICONS / f"{name}-{size}.png").write_bytes(drawn(SOURCES / source, size))


if __name__ == "__main__":
    main()
