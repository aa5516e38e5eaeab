"""What watching costs: the daemon with 50 watchers, one of them stopped; and the dashboard while 1,000 requests pass."""

import fcntl
import http.client
import json
import os
import pty
import select
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import termios
import threading
import time

from .calls import CALL, TEXT
from .load import Load
from .machine import cpu, fail, percentile, rss
from .report import table, write
from .servers import Mcpd, target
from .wire import Shape

WATCHERS = 50
RATE = 1000


class Watchers:
    """Watchers of the control socket that read what comes, and one dashboard that was stopped and reads nothing."""

    def __init__(self, daemon):
        self.sockets = [watch(daemon, "watch_daemon", {"every_ms": 1000}) for _ in range(WATCHERS - 1)]
        self.dashboard = Dashboard(daemon)
        time.sleep(2)
        os.kill(self.dashboard.pid, signal.SIGSTOP)
        self.going = True
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while self.going:
            for one in select.select(self.sockets, [], [], 0.2)[0]:
                if not one.recv(65536):
                    fail("the daemon hung up on a watcher")

    def end(self):
        self.going = False
        self.reader.join()
        for one in self.sockets:
            one.close()
        os.kill(self.dashboard.pid, signal.SIGCONT)
        self.dashboard.end()


def watch(daemon, feed, args):
    """Says hello for a feed and asks for it: four bytes of length before each JSON."""
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(str(daemon.state / "run/mcpd.sock"))
    for said in ({"protocol": 2, "purpose": "watch", "client": "bench"}, {"feed": feed, "args": args}):
        body = json.dumps(said).encode()
        stream.sendall(struct.pack(">I", len(body)) + body)
    return stream


class Dashboard:
    """`mcpctl top` in a terminal whose screen nobody looks at."""

    def __init__(self, daemon):
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(target() / "mcpctl", ["mcpctl", "--state-dir", str(daemon.state), "top"])
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.set_blocking(self.screen, False)
        self.going, self.bytes = True, 0
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while self.going:
            if select.select([self.screen], [], [], 0.2)[0]:
                try:
                    self.bytes += len(os.read(self.screen, 65536))
                except OSError:
                    return

    def end(self):
        os.write(self.screen, b"q")
        _, status = os.waitpid(self.pid, 0)
        self.going = False
        self.reader.join()
        os.close(self.screen)
        if status != 0:
            fail(f"mcpctl top ended with {status}")


class Paced:
    """Four clients that call a tool so often that together they make `RATE` requests a second."""

    def __init__(self, daemon):
        self.going, self.done = True, [0] * 4
        self.clients = [threading.Thread(target=self.call, args=(daemon, number)) for number in range(4)]
        for client in self.clients:
            client.start()

    def call(self, daemon, number):
        line = http.client.HTTPConnection(daemon.host)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": CALL, "params": TEXT})
        head = {"Authorization": f"Bearer {daemon.key}", "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream"}
        began = time.monotonic()
        while self.going:
            line.request("POST", "/mcp", body, head)
            if line.getresponse().read() and self.done[number] % 10 == 0:
                time.sleep(max(0, began + self.done[number] / (RATE / 4) - time.monotonic()))
            self.done[number] += 1

    def end(self):
        self.going = False
        for client in self.clients:
            client.join()


def run(options):
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-") as folder:
        with Mcpd(folder, "mcpd-fixtures") as daemon:
            rounds = crowded(options, daemon, folder)
            shares = {pane: dashboard(options, daemon, keys) for pane, keys in
                      (("Overview", b"1"), ("Requests", b"2"), ("Logs", b"7"))}
    write("watched", "Being watched", "\n\n".join([*told(options, rounds), *drawn(shares)]))


def crowded(options, daemon, folder):
    """Rounds without watchers and with, in turn."""
    load = Load(daemon, Shape(CALL, TEXT), folder)
    load.round(options.seconds)
    rounds = []
    for _ in range(options.rounds):
        alone = load.round(options.seconds)
        before = rss(daemon.pid)
        watchers = Watchers(daemon)
        watched = load.round(options.seconds)
        rounds.append((alone, before, watched, rss(daemon.pid)))
        watchers.end()
    return rounds


def told(options, rounds):
    def row(name, figures, memory):
        rate, p50, p99, cost = (statistics.median(one[what] for one in figures) for what in ("rate", "p50", "p99", "cpu"))
        return [name, f"{rate:,.0f}", f"{p50 / 1000:.2f}", f"{p99 / 1000:.2f}", f"{cost:.1f}",
                f"{statistics.median(memory) / 1024:.1f}"]
    alone, before, watched, after = zip(*rounds)
    return [
        f"`test_simple_text` from 32 connections, {options.rounds} rounds of {options.seconds} s without watchers and with "
        f"{WATCHERS} in turn, one of them a dashboard that was stopped (SIGSTOP). Medians; CPU is that of the whole "
        "daemon by the requests answered, the pictures for the watchers included.",
        table(["", "Requests/s", "p50 ms", "p99 ms", "CPU us/request", "RSS MiB"],
              [row("nobody watches", alone, before), row(f"{WATCHERS} watch", watched, after)]),
    ]


def dashboard(options, daemon, keys):
    """Returns the share of a core that the dashboard takes, the bytes it writes, and the requests that passed."""
    seconds = 5 if options.quick else 20
    paced, shown = Paced(daemon), Dashboard(daemon)
    time.sleep(2)
    os.write(shown.screen, keys)
    time.sleep(2)
    shares, before, passed, began = [], shown.bytes, sum(paced.done), time.monotonic()
    for _ in range(seconds):
        used = cpu(shown.pid)
        tick = time.monotonic()
        time.sleep(1)
        shares.append((cpu(shown.pid) - used) / (time.monotonic() - tick))
    spent = time.monotonic() - began
    if shown.bytes == before:
        fail("the dashboard drew nothing")
    figures = statistics.mean(shares), percentile(shares, 0.95), (shown.bytes - before) / spent
    rate = (sum(paced.done) - passed) / spent
    shown.end()
    paced.end()
    return *figures, rate


def drawn(shares):
    rows = [[pane, f"{rate:,.0f}", f"{mean:.1%}", f"{tail:.1%}", f"{sent / 1024:.1f}"]
            for pane, (mean, tail, sent, rate) in shares.items()]
    return [
        "`mcpctl top` at one picture a second (wanted: below 5 % of a core while 1,000 requests a second pass):",
        table(["Pane", "Requests/s", "Share of a core", "95th percentile of seconds", "kB/s to the terminal"], rows),
    ]
