"""The floor of our stack: msgspec, and one row committed to SQLite in WAL mode, a message."""

import os
import sqlite3
import struct
import sys

import msgspec


class Message(msgspec.Struct):
    id: str
    type: str
    url: str


decoder = msgspec.json.Decoder(Message)
path = os.path.join(os.environ["FLOOR_HOME"], "floor.sqlite3")
while head := sys.stdin.buffer.read(4):
    message = decoder.decode(sys.stdin.buffer.read(*struct.unpack("=I", head)))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE IF NOT EXISTS flattrs (id INTEGER PRIMARY KEY, url TEXT)")
    db.execute("INSERT INTO flattrs (url) VALUES (?)", (message.url,))
    answer = msgspec.json.encode({"id": message.id, "type": "done"})
    sys.stdout.buffer.write(struct.pack("=I", len(answer)) + answer)
    sys.stdout.buffer.flush()
