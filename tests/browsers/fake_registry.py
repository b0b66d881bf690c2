"""A registry in memory, for machines that have none: keys whose case does not count."""

from collections.abc import Iterable, Mapping


class FakeRegistry:
    """As :class:`flattr_host.browsers.registry.Registry` wants it.

    *policies* are the named values of keys. Keys that are *failing* may not be touched.
    """

    def __init__(self, policies: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self._data: dict[str, tuple[str, str]] = {}
        self._policies = {key.lower(): dict(named) for key, named in (policies or {}).items()}
        self._failing: set[str] = set()

    def fails_at(self, keys: Iterable[str]) -> None:
        """These keys, and no others, may not be touched from now on."""
        self._failing = {key.lower() for key in keys}

    def get(self, key: str) -> str | None:
        self._check(key)
        _, data = self._data.get(key.lower(), (key, None))
        return data

    def set(self, key: str, data: str) -> None:
        self._check(key)
        spelled, _ = self._data.get(key.lower(), (key, data))
        self._data[key.lower()] = spelled, data

    def delete(self, key: str) -> None:
        self._check(key)
        self._data.pop(key.lower(), None)

    def values(self, key: str) -> dict[str, object]:
        self._check(key)
        return self._policies.get(key.lower(), {})

    def _check(self, key: str) -> None:
        if key.lower() in self._failing:
            raise PermissionError(13, "Access is denied", key)
