"""A native host of the standard library alone: it sends each message back."""

import json
import struct
import sys

while head := sys.stdin.buffer.read(4):
    message = json.loads(sys.stdin.buffer.read(*struct.unpack("=I", head)))
    answer = json.dumps(message).encode()
    sys.stdout.buffer.write(struct.pack("=I", len(answer)) + answer)
    sys.stdout.buffer.flush()
