"""What registering would do for each row of the table, as it is kept beside this file to be read.

``python3 -m tests.browsers.golden`` writes the files anew: look at what has changed in them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from flattr_host.browsers import resources, table
from flattr_host.browsers.plan import Found, FoundValue, decide, decide_values, describe
from flattr_host.browsers.table import Family, Platform
from flattr_host.browsers.wanted import Host, Machine, Presence, Scope, launcher_script, wanted
from flattr_host.native.callers import CALLERS

_TEMPLATES: dict[Family, dict[str, str]] = {
    "gecko": {"name": "io.github.flattr_host", "path": "{launcher}"},
    "chromium": {"name": "io.github.flattr_host", "path": "{launcher}"},
}
_EXTENSIONS: dict[Family, str] = {"gecko": "g", "chromium": "c"}
_MACHINES: dict[Platform, tuple[Machine, str]] = {
    "linux": (Machine("linux", "/home/jo", "/home/jo/.config"), "/home/jo/.local/share"),
    "bsd": (Machine("bsd", "/home/jo", "/home/jo/.config"), "/home/jo/.local/share"),
    "macos": (Machine("macos", "/Users/jo", ""), "/Users/jo/Library/Application Support"),
    "windows": (
        Machine("windows", "C:/Users/Jö", "", "C:/Program Files"),
        "C:/Users/Jö/AppData/Local",
    ),
}
CASES: list[tuple[Platform, Scope]] = [
    (platform, scope) for platform in get_args(Platform) for scope in get_args(Scope)
]


def file_of(platform: Platform, scope: Scope) -> Path:
    """Where the plan of all rows of a platform is kept."""
    return Path(__file__).with_name(f"{platform}-{scope}.txt")


def text_of(platform: Platform, scope: Scope) -> str:
    """That plan, one paragraph a row, as if nothing was there yet."""
    rows = table.load(resources.manifests() / "browsers.toml")
    paragraphs = (_paragraph(row, scope) for row in rows if row.platform == platform)
    return "\n".join(paragraphs)


def _paragraph(row: table.Row, scope: Scope) -> str:
    machine, data = _MACHINES[row.platform]
    host = _host(row.platform, data, scope)
    files, values = wanted([Presence(row, "it is here")], machine, host)
    actions = decide(files[host.script is not None :], {file.path: Found() for file in files})
    actions += decide_values(values, {value.key: FoundValue() for value in values})
    lines = describe(actions).splitlines() or ["nothing"]
    sandbox = f", {row.confinement}" if row.confinement else ""
    return "\n".join([f"{row.name} ({row.known}{sandbox})", *_indented(lines), ""])


def _host(platform: Platform, data: str, scope: Scope) -> Host:
    folder = f"{data}/flattr-host" if scope == "user" else "/usr/local/lib/flattr-host"
    if platform == "windows":
        folder = folder if scope == "user" else "C:/Program Files/flattr-host"
        program = "C:\\Users\\Jö\\venv\\Scripts\\flattr-native-host.exe"
        return Host(program, None, _TEMPLATES, _EXTENSIONS, scope, f"{folder}/manifests")
    script = launcher_script("/usr/bin/python3", None, CALLERS)
    launcher = f"{folder}/launcher/flattr-native-host"
    return Host(launcher, script, _TEMPLATES, _EXTENSIONS, scope)


def _indented(lines: list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
