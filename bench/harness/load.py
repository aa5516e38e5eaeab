"""Drives wrk, and reads what it cost the server."""

import json
import subprocess
from pathlib import Path

from .machine import BENCH, LOAD_CORE, cpu, fail, settle
from .wire import ask, session


def quote(text):
    return '"' + "".join(f"\\{byte:03d}" if byte in b'\\"\r\n' or byte > 126 else chr(byte)
                         for byte in text.encode()) + '"'


class Load:
    """One shape of request against one server, ready to be sent again and again."""

    def __init__(self, server, shape, folder, connections=32):
        self.server, self.connections = server, connections
        sessions = [session(server) for _ in range(shape.sessions)] or [None]
        # What one answer weighs tells whether all of them were the one that was looked at.
        self.size = ask(server, shape, sessions[0])[2]
        before, after = shape.body()
        heads = ",".join(quote(shape.head(server, opened)) for opened in sessions)
        self.path = Path(folder) / f"{server.name.replace(' ', '-')}-{id(self)}.lua"
        self.path.write_text(f"return {{heads={{{heads}}},before={quote(before)},after={quote(after)}}}\n")

    def round(self, seconds):
        """Sends for some seconds. Returns wrk's figures, and the server's CPU time per request in microseconds.

        A status that is no 200, a broken connection, or answers of another size than the first are the end of the run.
        """
        self.server.check()
        settle(self.server.pid)
        before = cpu(self.server.pid)
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t", "1", "-c", str(self.connections), "-d", f"{seconds}s",
             "--timeout", "10s", "-s", str(BENCH / "shape.lua"), f"http://{self.server.host}/mcp", "--", str(self.path)],
            capture_output=True, text=True)
        self.server.check()
        settle(self.server.pid)
        used = cpu(self.server.pid) - before
        said = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if not said:
            fail(f"wrk against {self.server.name}: {done.stdout}{done.stderr}")
        figures = json.loads(said[0].removeprefix("RESULT "))
        if figures["refused"] or figures["broken"] or not figures["requests"]:
            fail(f"{self.server.name} did not answer every request with 200: {figures}")
        weight = figures["bytes"] / figures["requests"]
        # Numbers in an answer, as rmcp's of its events, may have grown by some digits.
        if abs(weight / self.size - 1) > 0.03:
            fail(f"{self.server.name} answers with {weight:.0f} bytes, at first there were {self.size}")
        figures["rate"] = figures["requests"] / figures["seconds"]
        figures["cpu"] = used / figures["requests"] * 1e6
        return figures
