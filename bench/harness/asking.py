"""Questions about code, and what an analysis does to other clients."""

import itertools
import random
import tempfile
import threading
import time

from .machine import fail, percentile
from .report import table
from .wire import Line, Shape, message, tool

LATE = 30
# Small calls a second.
RATE = 50
QUIET = 10
PROJECT = "bench"
WORDS = ["read", "parse", "new", "get", "write", "from", "next", "error", "build", "file", "test", "token", "iter", "len",
         "state", "node", "open", "map", "value", "run"]


def known(mcpd):
    """Returns definitions of the tree, of many files."""
    found = {}
    for word in WORDS:
        answer = tool(mcpd, "find_entity", project_id=PROJECT, entity_name=word, limit=200)
        found.update((one["entity_id"], one) for one in answer["entities"])
    entities = [found[each] for each in sorted(found)]
    random.Random(7).shuffle(entities)
    return entities


def kinds(mcpd, entities):
    """Returns every kind of question: a name, the tool, and its arguments in turn."""
    chance = random.Random(11)
    callable_ = [one for one in entities if one["type"] in ("function", "method")]
    names = [one["name"] for one in entities]
    files = list(dict.fromkeys(one["file_path"] for one in entities))
    folders = list(dict.fromkeys("/".join(file.split("/")[:depth]) for file in files for depth in (1, 2)))
    parts = [name[at:at + 4] for name in names if len(name) > 5 for at in (chance.randint(0, len(name) - 4),)]
    patterns = ["inherits_from", "calls_function", "uses_decorator"]
    asked = [" ".join(["how does", *chance.sample(WORDS, 2), names[at].replace("_", " "), "work"])
             for at in range(len(names))]
    return [
        ("find_entity, exact", "find_entity", [{"entity_name": name} for name in names]),
        ("find_entity, part", "find_entity", [{"entity_name": part} for part in parts]),
        ("trace_function_calls, depth 3", "trace_function_calls",
         [{"function_name": one["entity_id"], "depth": 3, "direction": "both"} for one in callable_]),
        ("find_dependencies", "find_dependencies", [{"entity_name": one["entity_id"]} for one in entities]),
        ("search_code_pattern", "search_code_pattern",
         [{"pattern": pattern, "target": name} for name, pattern in zip(names, itertools.cycle(patterns))]),
        ("explore_code", "explore_code", [{"question": question} for question in asked]),
        ("query_architecture", "query_architecture", [{}]),
        ("list_modules", "list_modules", [{"folder": folder} for folder in folders] + [{}]),
        ("get_file_outline", "get_file_outline", [{"file_path": file} for file in files]),
        ("explain_module", "explain_module", [{"file_path": file} for file in files]),
    ]


def questions(mcpd, tree, count):
    """Asks so many questions of each kind. Returns the table and how many there were."""
    line, rows = Line(mcpd), []
    for title, name, arguments in kinds(mcpd, known(mcpd)):
        taken, sizes = [], []
        for one in itertools.islice(itertools.cycle(arguments), count):
            request = Shape("tools/call", {"name": name, "arguments": {"project_id": PROJECT, **one}}).once(mcpd)
            began = time.monotonic()
            status, _, body, size = line.ask(request)
            taken.append((time.monotonic() - began) * 1000)
            sizes.append(size)
            if status != 200 or message(body)["result"]["isError"]:
                fail(f"{name} {one}: {status} {body[:300]!r}")
        late = percentile(taken, 0.95)
        rows.append([title, min(count, len(arguments)), f"{percentile(taken, 0.5):.1f}",
                     f"{late:.1f}" + ("" if late < LATE else " (missed)"), f"{max(taken):.1f}",
                     f"{sum(sizes) / len(sizes) / 1024:.1f}"])
    line.close()
    return table(["Question", "different", "p50 ms", "p95 ms", "max ms", "kB each"], rows), count


class Paced:
    """A client that calls one tool at a constant rate; each call is timed from when it was due, so that a stall counts for
    all that it kept waiting."""

    def __init__(self, mcpd, name, arguments):
        self.request = Shape("tools/call", {"name": name, "arguments": arguments}).once(mcpd)
        self.line, self.going, self.taken, self.wrong = Line(mcpd), True, [], None
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        began = time.monotonic()
        for number in itertools.count():
            if not self.going:
                return
            due = began + number / RATE
            time.sleep(max(0, due - time.monotonic()))
            status, _, body, _ = self.line.ask(self.request)
            self.taken.append((time.monotonic() - due) * 1000)
            if status != 200 or message(body)["result"]["isError"]:
                self.wrong = f"{status} {body[:300]!r}"
                return

    def cut(self):
        """Returns what was timed so far, and begins anew."""
        taken, self.taken = self.taken, []
        return taken

    def end(self):
        self.going = False
        self.thread.join()
        self.line.close()
        if self.wrong:
            fail(f"a small call was not answered: {self.wrong}")


SMALL = [("list_todos", {"project_id": "others"}), ("create_todo", {"project_id": "others", "title": "beside"})]


def beside(start, analyze, folder, rounds):
    """Small calls before an analysis and during it."""
    quiet, busy = {name: [] for name, _ in SMALL}, {name: [] for name, _ in SMALL}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="home-", dir=folder) as home, start(home) as mcpd:
            tool(mcpd, "create_todo", project_id="others", title="the first")
            clients = {name: Paced(mcpd, name, arguments) for name, arguments in SMALL}
            time.sleep(2)
            for one in clients.values():
                one.cut()
            time.sleep(QUIET)
            for name, one in clients.items():
                quiet[name].append(one.cut())
            analyze(mcpd)
            for name, one in clients.items():
                busy[name].append(one.cut())
                one.end()
    rows = []
    for name, _ in SMALL:
        for when, rounds_of in (("nothing runs", quiet[name]), ("during the analysis", busy[name])):
            p50, p99 = ([percentile(one, share) for one in rounds_of] for share in (0.5, 0.99))
            rows.append([f"{name}, {when}", f"{sum(map(len, rounds_of)):,}", f"{min(p50):.1f}", f"{min(p99):.1f}",
                         ", ".join(f"{one:.1f}" for one in p99), f"{max(map(max, rounds_of)):.1f}"])
    return table(["Call", "calls", "p50 ms", "p99 ms", "p99 of each round", "max ms"], rows)
