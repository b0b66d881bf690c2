"""The floor of our stack: msgspec, and two files of SQLite in WAL mode.

A message is written down in one, stored in the other, and marked as done in the first.
"""

import os
import sqlite3
import struct
import sys

import msgspec


class Message(msgspec.Struct):
    id: str
    type: str
    url: str


def opened(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(os.path.join(os.environ["FLOOR_HOME"], name), isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE IF NOT EXISTS flattrs (id INTEGER PRIMARY KEY, url TEXT, state TEXT)")
    return db


decoder = msgspec.json.Decoder(Message)
while head := sys.stdin.buffer.read(4):
    message = decoder.decode(sys.stdin.buffer.read(*struct.unpack("=I", head)))
    outbox, ledger = opened("outbox.sqlite3"), opened("floor.sqlite3")
    insert = "INSERT INTO flattrs (url, state) VALUES (?, 'sending')"
    number = outbox.execute(insert, (message.url,)).lastrowid
    ledger.execute(insert, (message.url,))
    outbox.execute("UPDATE flattrs SET state = 'settled' WHERE id = ?", (number,))
    answer = msgspec.json.encode({"id": message.id, "type": "done"})
    sys.stdout.buffer.write(struct.pack("=I", len(answer)) + answer)
    sys.stdout.buffer.flush()
