"""The small internet, started once for all the tests that go out there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import namespace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What :func:`reading.read` said, what it took, and what the servers saw of it."""

    url: str | None
    title: str | None
    payment: list[str]
    unread: str | None
    seen: list[dict[str, Any]]
    names: list[str]
    seconds: float = 0.0
    memory_kib: int = 0
    image: str | None = None

    @property
    def reached(self) -> list[str]:
        """The addresses that were asked for something."""
        return [one["at"] for one in self.seen]


class Internet:
    """This program in there, which reads pages."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(
        self,
        url: str,
        *,
        cancel_after: float | None = None,
        close_after: float | None = None,
        environ: Mapping[str, str] = {},
    ) -> Outcome:
        """Reads ``url`` with more in the ``environ``.

        So many seconds later it is called off, or everything at the network is closed.
        """
        return self._ask(
            url=url, cancel_after=cancel_after, close_after=close_after, environ=dict(environ)
        )

    def read_image(self, url: str, api_url: str | None = None) -> Outcome:
        """Reads the image at ``url``, where flattrs go to ``api_url``."""
        return self._ask(url=url, api_url=api_url, is_image=True)

    def _ask(self, **given: Any) -> Outcome:
        assert self._process.stdin
        assert self._process.stdout
        usual: dict[str, Any] = {
            "is_image": False,
            "cancel_after": None,
            "close_after": None,
            "environ": {},
        }
        print(json.dumps(usual | given), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        nothing: dict[str, Any] = {"url": None, "title": None, "payment": [], "unread": None}
        return Outcome(**(nothing | said))


def make_certificate(folder: Path, certificate: str, key: str) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=secure.example", "-addext", "subjectAltName=DNS:secure.example",
         "-keyout", folder / key, "-out", folder / certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    namespace.require()
    folder = tmp_path_factory.mktemp("internet")
    make_certificate(folder, "certificate.pem", "key.pem")
    make_certificate(folder, "unknown.pem", "unknown_key.pem")
    (folder / ".netrc").write_text("default login anna password hidden\n")
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environ |= {"SSL_CERT_FILE": str(folder / "certificate.pem"), "HOME": str(folder)}
    with subprocess.Popen(
        namespace.inside(folder, sys.executable, "-m", "tests.linked_page.stage", folder),
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Internet(process)
        assert process.stdin
        process.stdin.close()
        process.wait(10)
