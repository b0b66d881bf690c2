"""A small internet: name server, web servers and this program in a namespace of their own.

``python -m tests.linked_page.stage FOLDER`` is to be run inside the namespace. It reads requests
and writes what came of them, a line of JSON each. FOLDER has the servers' keys and certificates.
"""

import fcntl
import ipaddress
import json
import multiprocessing
import os
import socket
import ssl
import struct
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .name_server import NameServer
from .web import WebServer

PUBLIC, PUBLIC_IPV6 = "93.184.216.34", "2606:2800:220:1::34"
#: All of them are reachable here, so that what must not be asked would answer.
ADDRESSES = (PUBLIC, "169.254.169.254", "10.0.0.1", "168.63.129.16", PUBLIC_IPV6, "fd00::1")

NAMES: dict[str, list[list[str]]] = {
    "six.example": [[PUBLIC_IPV6]],
    "private.example": [["10.0.0.1"]],
    "loopback.example": [["127.0.0.1"]],
    "metadata.example": [["169.254.169.254"]],
    "platform.example": [["168.63.129.16"]],
    "private-six.example": [[PUBLIC, "fd00::1"]],
    "mapped.example": [["::ffff:10.0.0.1"]],
    "nat64.example": [["64:ff9b::10.0.0.1"]],
    "mixed.example": [[PUBLIC, "10.0.0.1"]],
    "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
    "rebinding-image.example": [[PUBLIC], ["127.0.0.1"]],
    "unknown.example": [[]],
    "silent.example": [],
}

_SET_ADDRESS, _SET_FLAGS = 0x8916, 0x8914  # SIOC… of <linux/sockios.h>
_UP = 1


def raise_network() -> None:
    """Brings the loopback device up and gives it all addresses, as ``ip`` would if it were here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ipv4:
        for number, address in enumerate(("127.0.0.1", *ADDRESSES)):
            if ":" not in address:
                name = f"lo:{number}".removesuffix(":0").encode()
                there = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(ipv4, _SET_ADDRESS, there)
        fcntl.ioctl(ipv4, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ipv6:
        index = socket.if_nametoindex("lo")
        for address in ADDRESSES:
            if ":" in address:
                packed = ipaddress.ip_address(address).packed
                fcntl.ioctl(ipv6, _SET_ADDRESS, struct.pack("16sIi", packed, 128, index))


def serve(asked: Connection, folder: Path) -> None:
    """The servers' process; tells what arrived since the last time whenever it is asked."""
    certified = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certified.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    unknown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    unknown.load_cert_chain(folder / "unknown.pem", folder / "unknown_key.pem")
    names = NameServer(NAMES, default=[PUBLIC])
    webs = [WebServer(80), WebServer(8080), WebServer(443, certified), WebServer(8443, unknown)]
    for serving in (names.serve, *(web.serve for web in webs)):
        threading.Thread(target=serving, daemon=True).start()
    asked.send("ready")
    while asked.recv():
        asked.send({"seen": [one for web in webs for one in web.seen], "names": names.asked[:]})
        names.asked.clear()
        for web in webs:
            web.seen.clear()


def memory(name: str) -> int:
    """KiB of this process's memory; what getrusage tells is also that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def read(url: str, cancel_after: float | None, close_after: float | None) -> dict[str, Any]:
    """What ``reading.read`` says of ``url``, and what it took."""
    from flattr_host.api import transport
    from flattr_host.linked_page import reading  # after the fork: the servers need none of it

    if close_after:
        threading.Timer(close_after, transport.close).start()

    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of this page alone
    usual, started = memory("VmRSS"), time.monotonic()

    def cancelled() -> bool:
        return cancel_after is not None and time.monotonic() - started > cancel_after

    try:
        page = reading.read(url, cancelled)
    except reading.Unread as error:
        said: dict[str, Any] = {"unread": error.detail}
    else:
        said = {"url": page.url, "title": page.hints.title, "payment": page.hints.payment}
    seconds, taken = time.monotonic() - started, memory("VmHWM") - usual
    return said | {"seconds": seconds, "memory_kib": taken}


def read_image(url: str, api_url: str | None) -> dict[str, Any]:
    """What ``image.read`` says of ``url``."""
    from flattr_host.linked_page import image

    try:
        return {"image": image.read(url, api_url, cancelled=lambda: False)}
    except image.ImageUnavailable as error:
        return {"unread": error.detail}


def main() -> None:
    raise_network()
    here, there = multiprocessing.Pipe()
    folder = Path(sys.argv[1])
    servers = multiprocessing.get_context("fork").Process(
        target=serve, args=(there, folder), daemon=True
    )
    servers.start()
    there.close()
    here.recv()
    for line in sys.stdin:
        request = json.loads(line)
        os.environ |= request["environ"]
        if request["is_image"]:
            said = read_image(request["url"], request["api_url"])
        else:
            said = read(request["url"], request["cancel_after"], request["close_after"])
        for name in request["environ"]:
            del os.environ[name]
        here.send("all")
        print(json.dumps(said | here.recv()), flush=True)
    servers.kill()


if __name__ == "__main__":
    main()
