"""Builds the servers, starts each in a home of its own on the server's core, and stops it."""

import json
import os
import queue
import re
import subprocess
import threading
import time
from pathlib import Path

from .machine import ROOT, SERVER_CORE, fail
from .wire import Shape, ask, message, result

# Everything is on; only the limits are too high to refuse anybody.
CONFIG = """profile = "enterprise"
[server]
listen = "127.0.0.1:0"
[network]
allow = ["127.0.0.0/8", "::1/128"]
[limits]
per_key = "1000000/1s"
per_peer = "1000000/1s"
connections = 8192
connections_per_key = 8192
sessions = 8192
sessions_per_key = 8192
"""


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def build():
    """Builds what is measured, the shipped daemon by itself: other crates' features must not change it."""
    for rest in (["-p", "mcpd", "--bin", "mcpd"],
                 ["-p", "mcpd", "--features", "testing", "--bin", "mcpd-fixtures"],
                 ["-p", "mcpctl"],
                 ["-p", "mcpd-codegraph", "--bin", "codegraph"],
                 ["-p", "mcpd-bench"]):
        print("building:", " ".join(rest), flush=True)
        done = subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", *rest], cwd=ROOT)
        if done.returncode != 0:
            fail("the build failed")


class Server:
    """A running server; a context manager that stops it."""

    key = "none"

    def __init__(self, name, command, log=None, env=None, cores=SERVER_CORE):
        self.name, self.log = name, log
        out = open(log, "wb") if log else subprocess.DEVNULL
        self.began = time.monotonic()
        self.child = subprocess.Popen(["taskset", "-c", cores, *map(str, command)], env=env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out)
        self.pid = self.child.pid
        self.lines = queue.Queue(maxsize=1000)
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self):
        for line in self.child.stdout:
            self.lines.put((time.monotonic(), line.decode()))
        self.lines.put((time.monotonic(), None))

    def wait_for(self, pattern, patience=120):
        """Returns when and how the pattern was said."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                when, line = self.lines.get(timeout=1)
            except queue.Empty:
                continue
            if line is None:
                break
            found = re.search(pattern, line)
            if found:
                return when, found
        fail(f"{self.name} did not say {pattern!r}")

    def check(self):
        """Fails when the server has ended by itself, with its last words."""
        if self.child.poll() is not None:
            words = Path(self.log).read_text(errors="replace")[-2000:] if self.log else ""
            fail(f"{self.name} has ended with {self.child.returncode}\n{words}")

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Bare(Server):
    """A server of this crate."""

    def __init__(self, name, program, *flags):
        super().__init__(name, [target() / program, "--threads", "1", *flags])
        _, found = self.wait_for(r"ready http://([^/]+)/mcp")
        self.host = found[1]


class Mcpd(Server):
    """A daemon of ours with a state directory of its own, or with one that was used before."""

    def __init__(self, home, program="mcpd", key=None, more="", cores=SERVER_CORE):
        state = Path(home) / "state"
        state.mkdir(parents=True, exist_ok=True)
        (state / "mcpd.toml").write_text(CONFIG + more)
        env = {"HOME": str(home), "PATH": os.environ.get("PATH", "")}
        super().__init__(program, [target() / program, "--state-dir", state], Path(home) / "stderr.log", env, cores)
        self.state = state
        self.ready_after = self.wait_for(r"is ready")[0] - self.began
        self.host = self.wait_for(r"endpoint\s+http://([^/]+)/mcp")[1][1]
        self.key = key or self.wait_for(r"Bearer ([^\"]+)\"")[1][1]


def ceiling(name, daemon, call, folder):
    """Starts the bare server with the answers of a daemon: the same bytes, but for the id."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for modern in (False, True):
        for short, shape in (("call", Shape("tools/call", call, modern=modern)),
                             ("list", Shape("tools/list", modern=modern))):
            _, body, _ = ask(daemon, shape)
            (folder / f"{'modern' if modern else 'legacy'}-{short}.json").write_text(result(body))
    return Bare(name, "ceiling", "--answers", folder)


def rmcp(name, daemon, mode, folder):
    """Starts the SDK's server with the tools that a daemon lists."""
    _, body, _ = ask(daemon, Shape("tools/list"))
    path = Path(folder) / "tools.json"
    path.write_text(json.dumps(message(body)["result"]["tools"]))
    return Bare(name, "rmcp-peer", "--mode", mode, "--tools", path)
