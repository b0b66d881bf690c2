"""Four panels as a PNG, drawn by ImageMagick from its own language of lines and texts (MVG)."""

import math
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.soak.soaking import CONNECTED, EMBEDDED, SERVER, Soak

_COLOURS = {EMBEDDED: "#1f6feb", CONNECTED: "#b35900", SERVER: "#2e7d32"}
_PANEL = (620, 380)
#: Around the lines of a panel: left, top, right, bottom.
_ROOM = (72, 66, 24, 54)


class _Panel(NamedTuple):
    title: str
    whose: Sequence[str]
    what: str
    thin: str = ""


_PANELS = (
    _Panel("Resident memory (MiB)", tuple(_COLOURS), "memory"),
    _Panel("Open descriptors", tuple(_COLOURS), "descriptors"),
    _Panel("Latency (ms): median, thin: 95th percentile", (EMBEDDED, CONNECTED), "median", "p95"),
    _Panel("Answered requests a second", (EMBEDDED, CONNECTED), "answers"),
)


def plot(result: Soak, file: Path) -> None:
    """Writes ``file``. Raises ``subprocess.CalledProcessError``, or ``OSError`` without convert."""
    width, height = _PANEL[0] * 2, _PANEL[1] * 2
    lines = [f"viewbox 0 0 {width} {height}", "fill white", f"rectangle 0,0 {width},{height}"]
    lines.append('font "DejaVu-Sans"')
    for number, panel in enumerate(_PANELS):
        lines.append("push graphic-context")
        lines.append(f"translate {number % 2 * _PANEL[0]},{number // 2 * _PANEL[1]}")
        lines += _drawn(panel, result)
        lines.append("pop graphic-context")
    with tempfile.TemporaryDirectory() as folder:
        drawing = Path(folder, "plot.mvg")
        drawing.write_text("\n".join(lines), encoding="utf-8")
        command = ["convert", f"mvg:{drawing}", "-depth", "8", "-colors", "64", str(file)]
        subprocess.run(command, check=True, timeout=60)


def _drawn(panel: _Panel, result: Soak) -> Iterator[str]:
    series = [(of, panel.what, 2.0) for of in panel.whose]
    series += [(of, panel.thin, 0.8) for of in panel.whose if panel.thin]
    scale = 1 / result.window if panel.what == "answers" else 1.0
    numbers = {key[:2]: [value * scale for value in result.series[key[:2]]] for key in series}
    top = _round_up(max(max(values) for values in numbers.values()))
    minutes = len(next(iter(numbers.values()))) * result.window / 60
    left, above, right, below = _ROOM
    width, height = _PANEL[0] - left - right, _PANEL[1] - above - below
    yield from _axes(panel.title, top, minutes)
    for at, of in enumerate(panel.whose):
        x = left + at * 160
        yield f'stroke "{_COLOURS[of]}" stroke-width 3 line {x},52 {x + 22},52'
        yield f'stroke none fill "#333" font-size 13 text {x + 28},57 "{of}"'
    for of, what, thickness in series:
        values = numbers[of, what]
        points = " ".join(
            f"{left + width * (place + 1) / len(values):.1f},"
            f"{above + height * (1 - value / top):.1f}"
            for place, value in enumerate(values)
        )
        yield f'fill none stroke "{_COLOURS[of]}" stroke-width {thickness} polyline {points}'


def _axes(title: str, top: float, minutes: float) -> Iterator[str]:
    left, above, right, below = _ROOM
    width, height = _PANEL[0] - left - right, _PANEL[1] - above - below
    yield f'stroke none fill "#111" font-size 16 text {left},32 "{title}"'
    for part in range(5):
        y = above + height * (1 - part / 4)
        yield f'stroke "#dddddd" stroke-width 1 line {left},{y} {left + width},{y}'
        label = f"{top * part / 4:g}"
        beside = left - 12 - 7 * len(label)
        yield f'stroke none fill "#333" font-size 12 text {beside},{y + 4} "{label}"'
    for part in range(7):
        x = left + width * part / 6
        yield f'stroke "#999999" stroke-width 1 line {x},{above + height} {x},{above + height + 5}'
        label = f"{minutes * part / 6:.3g}"
        yield f'stroke none fill "#333" text {x - 4 * len(label)},{above + height + 20} "{label}"'
    yield f'text {left + width / 2 - 26},{above + height + 42} "minutes"'


def _round_up(number: float) -> float:
    """The next of 1, 2, 4, 6, 8 times a power of ten, so that quarters are short numbers."""
    power = 10.0 ** math.floor(math.log10(number or 1))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if number <= step * power)
