"""The screen as a screen reader knows it (AT-SPI over D-Bus): buttons and menu items by name.

A browser's own toolbar and menus are in no document that a remote protocol reaches; this is the
one interface in which they have both a name and a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    MessageType,
    new_method_call,
)
from jeepney.io.blocking import (  # type: ignore[import-untyped]
    DBusConnection,
    open_dbus_connection,
)

from .browser import BrowserError, Point

ACCESSIBLE = "org.a11y.atspi.Accessible"
COMPONENT = "org.a11y.atspi.Component"
SCREEN_COORDINATES = 0
STATE_VISIBLE = 30
MAX_DEPTH = 40
REPLY_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Node:
    """One widget: where it lives on the bus, what it is ("push button"), what it is called.

    `depth` counts its ancestors; neighbours of the same depth are children of one parent.
    """

    owner: str
    path: str
    role: str
    name: str
    depth: int


class AccessibilityTree:
    """Reads the trees of all programs on one display's bus."""

    def __init__(self, session_bus_address: str) -> None:
        session = open_dbus_connection(session_bus_address)
        try:
            (address,) = _call(
                session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress"
            )
        finally:
            session.close()
        self._bus = open_dbus_connection(address)

    def close(self) -> None:
        self._bus.close()

    def nodes(self) -> Iterator[Node]:
        """All widgets of all programs, parents before children, without web pages' content."""
        return self._below("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root", 0)

    def centre(self, node: Node) -> Point:
        ((x, y, width, height),) = _call(
            self._bus, node.owner, node.path, COMPONENT, "GetExtents", "u", (SCREEN_COORDINATES,)
        )
        if width <= 0 or height <= 0:
            raise BrowserError(f"{node.role} {node.name!r} is not on the screen")
        return Point(x + width // 2, y + height // 2)

    def visible(self, node: Node) -> bool:
        """Whether it is to be seen now. Firefox keeps the items of menus that have closed."""
        try:
            ((low, _high),) = _call(self._bus, node.owner, node.path, ACCESSIBLE, "GetState")
        except BrowserError:  # gone altogether
            return False
        return bool(low >> STATE_VISIBLE & 1)

    def _below(self, owner: str, path: str, depth: int) -> Iterator[Node]:
        try:
            node = self._read(owner, path, depth)
            if node.role.startswith("document") or depth > MAX_DEPTH:
                return
            yield node
            (children,) = _call(self._bus, owner, path, ACCESSIBLE, "GetChildren")
        except BrowserError:  # a widget that went away while the tree was being read
            return
        for child_owner, child_path in children:
            yield from self._below(child_owner, child_path, depth + 1)

    def _read(self, owner: str, path: str, depth: int) -> Node:
        (role,) = _call(self._bus, owner, path, ACCESSIBLE, "GetRoleName")
        ((_, name),) = _call(
            self._bus,
            owner,
            path,
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            (ACCESSIBLE, "Name"),
        )
        return Node(owner, path, role, name, depth)


def _call(
    bus: DBusConnection,
    owner: str,
    path: str,
    interface: str,
    method: str,
    signature: str | None = None,
    body: tuple[object, ...] = (),
) -> Any:
    """The body of the answer: a tuple of the D-Bus method's results."""
    message = new_method_call(DBusAddress(path, owner, interface), method, signature, body)
    try:
        answer = bus.send_and_get_reply(message, timeout=REPLY_TIMEOUT_S)
    except (OSError, TimeoutError) as error:
        raise BrowserError(f"accessibility bus, {method}: {error!r}") from error
    if answer.header.message_type is MessageType.error:
        raise BrowserError(f"accessibility bus, {method}: {answer.body}")
    return answer.body
