"""The same with messages decoded by msgspec into a Struct."""

import struct
import sys

import msgspec


class Message(msgspec.Struct):
    id: str
    type: str


decoder = msgspec.json.Decoder(Message)
while head := sys.stdin.buffer.read(4):
    message = decoder.decode(sys.stdin.buffer.read(*struct.unpack("=I", head)))
    answer = msgspec.json.encode(message)
    sys.stdout.buffer.write(struct.pack("=I", len(answer)) + answer)
    sys.stdout.buffer.flush()
