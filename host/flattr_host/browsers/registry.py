"""The Windows registry, as far as manifests need it: the default value of a key.

Keys begin with ``HKCU`` or ``HKLM``. Of the latter it is the 32-bit view, which Firefox and the
Chromium family read first, whatever they are built for (docs/installing.md has the sources).
"""

import contextlib
import sys
from typing import Protocol


def is_key(path: str) -> bool:
    """Whether it names a registry key, and no file."""
    return path.startswith(("HKCU\\", "HKLM\\"))


class Registry(Protocol):
    """Where default values lie; all methods raise ``OSError``."""

    def get(self, key: str) -> str | None:
        """The default value of *key*; None if there is none, or none that is text."""

    def set(self, key: str, data: str) -> None:
        """Makes *key* if need be, and sets its default value."""

    def delete(self, key: str) -> None:
        """Removes *key*, which has no keys below it; nothing if it is not there."""

    def values(self, key: str) -> dict[str, object]:
        """All named values of *key*, as policies have them; lists are keys below it."""


if sys.platform == "win32":
    import winreg

    _HIVES = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
    _VIEW = winreg.KEY_WOW64_32KEY

    class WindowsRegistry:
        """The registry of this machine."""

        def get(self, key: str) -> str | None:
            """See :class:`Registry`."""
            hive, path = _split(key)
            try:
                with winreg.OpenKey(hive, path, access=winreg.KEY_READ | _VIEW) as handle:
                    value, _ = winreg.QueryValueEx(handle, "")
            except FileNotFoundError:
                return None
            return value if isinstance(value, str) else None

        def set(self, key: str, data: str) -> None:
            """See :class:`Registry`."""
            hive, path = _split(key)
            with winreg.CreateKeyEx(hive, path, access=winreg.KEY_WRITE | _VIEW) as handle:
                winreg.SetValueEx(handle, "", 0, winreg.REG_SZ, data)

        def delete(self, key: str) -> None:
            """See :class:`Registry`."""
            hive, path = _split(key)
            with contextlib.suppress(FileNotFoundError):
                winreg.DeleteKeyEx(hive, path, _VIEW, 0)

        def values(self, key: str) -> dict[str, object]:
            """See :class:`Registry`. Policies are written to the 64-bit view."""
            hive, path = _split(key)
            access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            try:
                with winreg.OpenKey(hive, path, access=access) as handle:
                    counts = winreg.QueryInfoKey(handle)
                    named = (winreg.EnumValue(handle, number) for number in range(counts[1]))
                    found: dict[str, object] = {name: value for name, value, _ in named}
                    below = [winreg.EnumKey(handle, number) for number in range(counts[0])]
            except FileNotFoundError:
                return {}
            return found | {name: list(self.values(f"{key}\\{name}").values()) for name in below}

    def _split(key: str) -> tuple[int, str]:
        hive, _, path = key.partition("\\")
        return _HIVES[hive], path


def system_registry() -> Registry | None:
    """This machine's; None where there is no such thing."""
    if sys.platform == "win32":
        return WindowsRegistry()
    return None
