"""Stores what comes in SQLite and commits at the end, as loggers of that kind do at their rotation.

    python3 paho_sqlite.py PORT FILTER QOS DATABASE COUNTER

COUNTER is a file of eight bytes with the number of messages so far. SIGTERM commits and says
"committed"; the end of standard input ends the program.
"""

import mmap
import signal
import sqlite3
import sys
import time

import paho.mqtt.client as mqtt

port, topic_filter, qos, database_file, counter_file = sys.argv[1:]

database = sqlite3.connect(database_file, isolation_level=None)
database.execute(
    "CREATE TABLE data (reception_timestamp INTEGER, topic TEXT, payload BLOB)"
)
database.execute("CREATE INDEX data_topic ON data (topic)")
database.execute("BEGIN")

with open(counter_file, "wb+") as file:
    file.write(bytes(8))
    file.flush()
    counter = mmap.mmap(file.fileno(), 8)

count = 0


def on_connect(client, *_):
    client.subscribe(topic_filter, int(qos))


def on_message(_client, _userdata, message):
    global count
    database.execute(
        "INSERT INTO data VALUES (?, ?, ?)",
        (time.time_ns() // 1000, message.topic, message.payload),
    )
    count += 1
    counter[:] = count.to_bytes(8, "little")


def finish(*_):
    client.disconnect()


signal.signal(signal.SIGTERM, finish)
# Version 2 asks which callbacks are meant; version 1 has only these.
versions = getattr(mqtt, "CallbackAPIVersion", None)
client = mqtt.Client(*([] if versions is None else [versions.VERSION1]))
client.on_connect = on_connect
client.on_message = on_message
client.connect("127.0.0.1", int(port))
client.loop_forever()
database.execute("COMMIT")
print("committed", flush=True)
sys.stdin.read()
