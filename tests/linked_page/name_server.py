"""A name server over UDP: A and AAAA, as many names as a table has."""

import ipaddress
import socket
import struct
from collections.abc import Mapping, Sequence

_TYPES = {1: 4, 28: 6}  # A, AAAA: IP version

#: Addresses of a name; a list of such answers is gone through, and its last one stays.
Answer = Sequence[str]


class NameServer:
    """Answers on 127.0.0.1:53; ``asked`` has the names that were asked for, as "name A"."""

    def __init__(self, names: Mapping[str, Sequence[Answer]], default: Answer) -> None:
        self.asked: list[str] = []
        self._names = {name: list(answers) for name, answers in names.items()}
        self._default = default
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            if reply := self._reply(question):
                self._socket.sendto(reply, sender)

    def _reply(self, question: bytes) -> bytes | None:
        end = question.index(0, 12)
        name, at = "", 12
        while at < end:
            label = question[at + 1 : at + 1 + question[at]]
            name, at = f"{name}.{label.decode()}".lower(), at + 1 + question[at]
        name = name.removeprefix(".")
        (kind,) = struct.unpack_from("!H", question, end + 1)
        version = _TYPES.get(kind, 0)
        self.asked.append(f"{name} {'A' if version == 4 else 'AAAA'}")
        found = self._look_up(name, version)
        if found is None:
            return None
        header = struct.pack(
            "!HHHHHH", *struct.unpack_from("!H", question), 0x8580, 1, len(found), 0, 0
        )
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed for packed in found
        )
        return header + question[12 : end + 5] + records

    def _look_up(self, name: str, version: int) -> list[bytes] | None:
        answers = self._names.get(name, [self._default])
        if not answers:
            return None  # never an answer
        addresses = [ipaddress.ip_address(address) for address in answers[0]]
        if len(answers) > 1 and any(address.version == version for address in addresses):
            answers.pop(0)
        return [address.packed for address in addresses if address.version == version]
