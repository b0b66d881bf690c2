"""``python3 -m tests.audit``: whether anything that is installed has a known vulnerability.

pip-audit asks PyPI about each version that flattr-host and its tests need. Some mirrors of PyPI do
not answer that question; then what PyPI says of a project's latest version is asked for, which is
enough where that one is installed. What nobody answers for is named, and is a failure for whatever
flattr-host itself needs: an audit that could not be made is not one that was passed.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Versions = dict[str, str]

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_SECONDS = 30.0


def main() -> int:
    """Ask, and say what is known; 0 if there is nothing, and it could be asked."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    shipped = needed([project["dependencies"]])
    everything = needed([project["dependencies"], project["optional-dependencies"]["test"]])
    found, unknown = ask_pip_audit(everything)
    for name in list(unknown):
        ids = ask_for_latest(name, everything[name])
        if ids is not None:
            unknown.remove(name)
            found += [f"{name} {everything[name]}: {each}" for each in ids]
    for line in found:
        print(line)
    lacking = sorted(unknown & shipped.keys())
    for name in sorted(unknown):
        print(f"{name} {everything[name]}: PyPI did not answer, so nothing is known about it")
    print(f"{len(everything) - len(unknown)} packages asked about, {len(found)} vulnerabilities")
    return 1 if found or lacking else 0


def needed(lists: Iterable[list[str]]) -> Versions:
    """What requirements come to here, with all that they need in turn: name and version."""
    versions: Versions = {}
    known: set[tuple[str, str]] = set()
    waiting = [(line, "") for lines in lists for line in lines]
    while waiting:
        line, extra = waiting.pop()
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        package = distribution(requirement.name)
        versions[canonicalize_name(requirement.name)] = package.version
        for each in ("", *requirement.extras):
            if (package.name, each) not in known:
                known.add((package.name, each))
                waiting += [(line, each) for line in package.requires or []]
    return versions


def ask_pip_audit(versions: Versions) -> tuple[list[str], set[str]]:
    """The vulnerabilities, one a line, and the names of those that PyPI has nothing to say of."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
        pinned.write("".join(f"{name}=={version}\n" for name, version in versions.items()))
        pinned.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", pinned.name, "--no-deps"]
        command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answered = json.loads(done.stdout)["dependencies"]
    except (ValueError, LookupError):
        print(f"pip-audit did not work: {done.stderr.strip()[-500:]}")
        return [], set(versions)
    audited = {canonicalize_name(it["name"]): it for it in answered if "vulns" in it}
    found = [
        f"{name} {it['version']}: {each['id']}, mended in {', '.join(each['fix_versions'])}"
        for name, it in audited.items()
        for each in it["vulns"]
    ]
    return found, set(versions) - audited.keys()


def ask_for_latest(name: str, version: str) -> list[str] | None:
    """The vulnerabilities of a project's latest version; None where that is another one."""
    url = f"https://pypi.org/pypi/{name}/json"
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            project: dict[str, Any] = json.load(answer)
        if project["info"]["version"] != version:
            return None
        return [each["id"] for each in project["vulnerabilities"] if not each.get("withdrawn")]
    except (OSError, ValueError, LookupError):
        return None


if __name__ == "__main__":
    sys.exit(main())
