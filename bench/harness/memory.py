"""Resident memory: idle, with idle connections, with idle streams, and after they are gone."""

import tempfile
import time

from .machine import rss
from .report import table, write
from .servers import Mcpd
from .wire import LEGACY, Line, Shape, session

COUNT = 1000
# Longest time memory has to come back.
PATIENCE = 60


def stream(server, opened):
    """Opens the stream of a session and waits for its head."""
    line = Line(server)
    head = (f"GET /mcp HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.key}\r\n"
            f"Accept: text/event-stream\r\nMCP-Protocol-Version: {LEGACY}\r\nMcp-Session-Id: {opened}\r\n\r\n")
    line.socket.sendall(head.encode())
    status, *_ = line.head()
    if status != 200:
        raise RuntimeError(f"a stream was answered with {status}")
    return line


def connection(server):
    line = Line(server)
    status, *_ = line.ask(Shape("ping").once(server))
    if status != 200:
        raise RuntimeError(f"a ping was answered with {status}")
    return line


def close(lines, server, goal):
    """Closes all and waits until memory is back at the goal, or as long as it has. Returns seconds and memory."""
    for line in lines:
        line.close()
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE and rss(server.pid) > goal:
        time.sleep(0.25)
    return time.monotonic() - began, rss(server.pid)


def fill(make):
    """Measures one kind of idle client on a daemon of its own: memory that another kind left would hide its own."""
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-") as folder, Mcpd(folder) as mcpd:
        # The first call of each kind loads what every later one finds.
        make(mcpd).close()
        time.sleep(2)
        idle = rss(mcpd.pid)
        lines = [make(mcpd) for _ in range(COUNT)]
        time.sleep(1)
        full = rss(mcpd.pid)
        took, left = close(lines, mcpd, idle + (full - idle) * 0.2)
        return idle, full, left, took


def run(_):
    rows = []
    for what, make in (("connections", connection), ("streams, a session each", lambda mcpd: stream(mcpd, session(mcpd)))):
        idle, full, left, took = fill(make)
        rows.append([f"{COUNT:,} idle {what}", f"{idle / 1024:.1f}", f"{full / 1024:.1f}",
                     f"{(full - idle) / COUNT:.1f}", f"{left / 1024:.1f}", f"{took:.0f}"])
    write("memory", "Memory", "\n\n".join([
        "Resident memory in MiB. Wanted: below 40 MiB idle, at most 30 kB for each stream, given back within 20 % "
        f"after they close (waited for at most {PATIENCE} s; `after s` is how long it took).",
        table(["State", "before", "with them", "kB each", "after closing", "after s"], rows),
    ]))
