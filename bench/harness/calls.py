"""tools/call and tools/list: mcpd against the bare server and against rmcp, in interleaved rounds."""

import tempfile

from .load import Load
from .report import table, write
from .servers import Mcpd, ceiling, rmcp
from .wire import STREAM, Shape, tool

TEXT = {"name": "test_simple_text", "arguments": {}}
TODOS = {"name": "list_todos", "arguments": {"project_id": "bench"}}
LIST = "tools/list"
CALL = "tools/call"
# One session for each connection.
SESSIONS = 32


def cells(call):
    """Returns the cells of one small call: name, shape, shape for rmcp, rmcp's mode, least ratio to the ceiling."""
    session, modern = Shape(CALL, call, sessions=SESSIONS), Shape(CALL, call, modern=True)
    return [
        ("legacy stateless, JSON", Shape(CALL, call), Shape(CALL, call), "stateless", 0.85),
        ("legacy session, JSON", session, session, "session", 0.85),
        # rmcp streams in a session whatever the client accepts, and wants both to be accepted.
        ("legacy session, streamed", Shape(CALL, call, sessions=SESSIONS, accept=STREAM), session, "session", 0.60),
        ("modern", modern, modern, "stateless", 0.80),
    ]


def lists():
    modern, session = Shape(LIST, modern=True), Shape(LIST, sessions=SESSIONS)
    return [
        ("legacy stateless, JSON", Shape(LIST), Shape(LIST), "stateless", 0.90),
        ("legacy session, JSON", session, session, "session", 0.90),
        ("modern", modern, modern, "stateless", 0.90),
    ]


class Cell:
    """One row of the table: the same shape against each server."""

    def __init__(self, what, name, least, times, loads):
        self.what, self.name, self.least, self.times = what, name, least, times
        self.loads = loads
        self.rounds = {kind: [] for kind in loads}

    def measure(self, seconds):
        for kind, load in self.loads.items():
            self.rounds[kind].append(load.round(seconds))

    def cost(self, kind):
        return min(figures["cpu"] for figures in self.rounds[kind])


def run(options):
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-") as folder:
        with Mcpd(f"{folder}/fixtures", "mcpd-fixtures") as fixtures, Mcpd(f"{folder}/mcpd") as mcpd:
            for number in range(3):
                tool(mcpd, "create_todo", project_id="bench", title=f"todo {number}")
            with ceiling("ceiling", fixtures, TEXT, f"{folder}/a") as bare, \
                    ceiling("ceiling", mcpd, TODOS, f"{folder}/b") as shipped, \
                    rmcp("rmcp stateless", mcpd, "stateless", folder) as stateless, \
                    rmcp("rmcp session", mcpd, "session", folder) as sessions:
                peers = {"stateless": stateless, "session": sessions}
                found = prepare(folder, (fixtures, mcpd), (bare, shipped), peers)
                for turn in range(options.rounds):
                    for cell in found:
                        cell.measure(options.seconds)
                    print(f"round {turn + 1} of {options.rounds} done", flush=True)
                write("calls", "Calls and lists", report(options, found))


def prepare(folder, daemons, bares, peers):
    found = []
    fixtures, mcpd = daemons
    bare, shipped = bares

    def cell(what, row, ours, theirs, times):
        name, shape, peer_shape, mode, least = row
        loads = {"mcpd": Load(ours, shape, folder), "ceiling": Load(theirs, shape_for_ceiling(shape), folder)}
        if times:
            loads["rmcp"] = Load(peers[mode], peer_shape, folder)
        found.append(Cell(what, name, least, times, loads))

    for row in cells(TEXT):
        cell("call, from memory", row, fixtures, bare, 3)
    for row in cells(TODOS):
        cell("call, list_todos", (*row[:4], None), mcpd, shipped, 0)
    for row in lists():
        cell("list", row, mcpd, shipped, 5)
    return found


def shape_for_ceiling(shape):
    """The bare server knows no sessions: the same request, with ids of the same length that nobody gave."""
    return Unopened(shape) if shape.sessions else shape


class Unopened:
    """A shape in sessions, for a server that opens none."""

    sessions = 0

    def __init__(self, shape):
        self.shape = shape
        self.body, self.method = shape.body, shape.method

    def head(self, server, _=None):
        return self.shape.head(server, "0" * 32)

    def once(self, server, _=None):
        return self.shape.once(server, "0" * 32)


def report(options, found):
    rows, verdicts = [], []
    for cell in found:
        ratio = cell.cost("ceiling") / cell.cost("mcpd")
        times = cell.cost("rmcp") / cell.cost("mcpd") if "rmcp" in cell.rounds else None
        for kind, rounds in cell.rounds.items():
            rows.append([
                f"{cell.what}: {cell.name}", kind, f"{cell.cost(kind):.1f}",
                f"{max(figures['rate'] for figures in rounds):,.0f}",
                f"{min(figures['p50'] for figures in rounds) / 1000:.2f}",
                f"{min(figures['p99'] for figures in rounds) / 1000:.2f}",
            ])
        verdicts.append([
            f"{cell.what}: {cell.name}", f"{ratio:.2f}", f"{cell.least:.2f}" if cell.least else "",
            f"{times:.1f}" if times else "", cell.times or "",
        ])
    return "\n\n".join([
        f"{options.rounds} interleaved rounds of {options.seconds} s, 32 connections, the server on one core. CPU of the "
        "server's process per request, the least of the rounds; requests per second and latencies of the best.",
        "Ratios of CPU per request: `ceiling/mcpd` (1 would be the bare server), `rmcp/mcpd` (how many times cheaper).",
        table(["Cell", "ceiling/mcpd", "wanted", "rmcp/mcpd", "wanted"], verdicts),
        table(["Cell", "Server", "CPU us/request", "Requests/s", "p50 ms", "p99 ms"], rows),
    ])
