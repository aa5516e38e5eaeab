"""Source trees: what the first analysis costs beside parsing alone and beside ctags, the second one, and the memory."""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

from . import asking
from .machine import LOAD_CORE, SERVER_CORE, cpu, fail, need, peak
from .report import table, write
from .servers import Mcpd, target

# Analyses have two threads, and so has what they are compared with: here every process has both cores.
CORES = f"{SERVER_CORE},{LOAD_CORE}"
THREADS = 2
ENDINGS = {"Python": [".py"], "Rust": [".rs"], "C": [".c", ".h"], "C++": [".cc", ".cpp", ".hpp"]}
# Largest file that the daemon reads: nobody is to read more than it.
LARGEST = 2 << 20
FILES = 10_000
FIRST, CTAGS, SECOND, MEMORY = 1.4, 4, 1000, 600


class Tree:
    """A copy of sources that somebody wrote, in a root that a daemon may read."""

    def __init__(self, name, languages, path):
        self.name, self.languages, self.path = name, languages, path
        self.files = sorted(file for file in path.rglob("*") if file.is_file())
        self.bytes = sum(file.stat().st_size for file in self.files)

    def touch(self, number):
        """Changes one file, another one each time."""
        file = self.files[len(self.files) // 2 + number]
        comment = "#" if file.suffix == ".py" else "//"
        file.write_text(file.read_text(errors="replace") + f"\n{comment} changed {number}\n")


def copy(base, sources, to, languages):
    """Copies the sources of some languages that a daemon reads, and returns how many."""
    endings, count = {ending for one in languages for ending in ENDINGS[one]}, 0
    for folder, folders, names in os.walk(sources):
        folders[:] = sorted(one for one in folders if one not in ("site-packages", "dist-packages", "__pycache__"))
        for name in sorted(names):
            file = Path(folder) / name
            if file.suffix in endings and file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST:
                copied = to / file.relative_to(base)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copied)
                count += 1
    return count


def python(folder):
    """The standard library of the Python that runs this."""
    library, to = Path(sysconfig.get_path("stdlib")), folder / "python"
    copy(library, library, to, ["Python"])
    return Tree("Python's standard library", ["Python"], to)


def crates(folder, most):
    """Crates of cargo's registry by name, until there are enough files."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry/src"
    languages, to, count = ["Rust", "C", "C++"], folder / "crates", 0
    for crate in sorted(home.glob("*/*"), key=lambda crate: crate.name):
        count += copy(crate.parent, crate, to, languages)
        if count >= most:
            break
    if not count:
        fail(f"no crates are in {home}: cargo fetch brings some")
    return Tree("crates of the registry", languages, to)


def daemon(home, roots):
    more = f"[code]\nthreads = {THREADS}\nroots = [{json.dumps(str(roots))}]\n"
    return Mcpd(home, more=more, cores=CORES)


class Took:
    """Wall time and CPU time in milliseconds of something that was done."""

    def __init__(self, wall, used):
        self.wall, self.cpu = wall * 1000, used * 1000


def run_command(*command):
    """Runs something as far back in the queue for a processor as the threads of an analysis step."""
    command = ["nice", "-n", "10", *command]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        fail(f"{command[3]}: {done.stderr[-500:]}")
    return Took(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


def analyze(mcpd, path, whole=True):
    """Has a tree analysed as an operator does. Returns what it took, of the daemon's CPU, and the report."""
    used, began = cpu(mcpd.pid), time.monotonic()
    done = subprocess.run([target() / "mcpctl", "--state-dir", mcpd.state, "projects", "analyze", asking.PROJECT, path,
                           "--json"], capture_output=True, text=True)
    took = Took(time.monotonic() - began, cpu(mcpd.pid) - used)
    if done.returncode != 0:
        fail(f"mcpctl projects analyze: {done.stderr[-500:]}")
    report = json.loads(done.stdout)["report"]
    if bool(report["cut"]) == whole or not report["entities"]:
        fail(f"the analysis was not what it should be: {report}")
    return took, report


class Measured:
    """The rounds of one tree."""

    def __init__(self, tree):
        self.tree, self.rounds = tree, []

    def round(self, folder, number):
        tags = folder / "tags"
        ctags, _ = run_command("ctags", "-R", "--fields=+n", f"--languages={','.join(self.tree.languages)}", "-f", tags,
                               self.tree.path)
        parse, _ = run_command(target() / "codegraph", "parse", self.tree.path, THREADS)
        with tempfile.TemporaryDirectory(prefix="home-", dir=folder) as home, daemon(home, folder) as mcpd:
            first, report = analyze(mcpd, self.tree.path)
            most = peak(mcpd.pid)
            self.tree.touch(number)
            second, again = analyze(mcpd, self.tree.path)
            if again["changed"] != 1:
                fail(f"one file was changed, and the analysis says {again}")
        # Once more: whatever else the machine does meets both sides alike.
        parsed_again, _ = run_command(target() / "codegraph", "parse", self.tree.path, THREADS)
        if parsed_again.wall < parse.wall:
            parse = parsed_again
        self.rounds.append({"ctags": ctags, "parse": parse, "first": first, "second": second, "report": report,
                            "first_ms": report["duration_ms"], "second_ms": again["duration_ms"], "peak": most})

    def least(self, what, how="wall"):
        return min(getattr(one[what], how) for one in self.rounds)

    def least_said(self, what):
        return min(one[what] for one in self.rounds)


def crowd(folder, count):
    """A tree of more files than are read: what it takes until that is known and said."""
    to = folder / "crowd"
    for part in range(count // 1000):
        (to / f"d{part}").mkdir(parents=True)
        for number in range(part * 1000, part * 1000 + 1000):
            (to / f"d{part}" / f"m{number}.c").write_text(f"int f{number};\n")
    with tempfile.TemporaryDirectory(prefix="home-", dir=folder) as home, daemon(home, folder) as mcpd:
        took, report = analyze(mcpd, to, whole=False)
        most = peak(mcpd.pid) / 1024
    shutil.rmtree(to)
    return (f"{count:,} files of one line, in a tree of their own: {took.wall / 1000:.1f} s ({took.cpu / 1000:.1f} s of CPU), "
            f"{report['files']:,} files in the graph, peak {most:.0f} MiB; the report says: {report['cut']}.")


def verdict(value, most, form):
    return f"{value:{form}}" + ("" if value <= most else " (missed)")


def ratios(all_measured):
    rows = []
    for one in all_measured:
        parse, ctags, first = one.least("parse"), one.least("ctags"), one.least("first")
        paired = statistics.median(each["first"].wall / each["parse"].wall for each in one.rounds)
        rows.append([one.tree.name, verdict(first / parse, FIRST, ".2f"), f"{one.least_said('first_ms') / parse:.2f}",
                     f"{paired:.2f}", f"{one.least('first', 'cpu') / one.least('parse', 'cpu'):.2f}",
                     verdict(first / ctags, CTAGS, ".2f"), verdict(one.least("second"), SECOND, ",.0f"),
                     verdict(max(each["peak"] for each in one.rounds) / 1024, MEMORY, ".0f")])
    head = ["Tree", f"first/parse (<= {FIRST})", "by the daemon's clock", "median of rounds", "of CPU time",
            f"first/ctags (<= {CTAGS})", "second, ms (< 1,000)", f"peak, MiB (< {MEMORY})"]
    return table(head, rows)


def times(all_measured):
    rows = []
    for one in all_measured:
        for name, what in (("ctags", "ctags"), ("codegraph parse", "parse"), ("first analysis", "first"),
                           ("second analysis", "second")):
            said = {"first": "first_ms", "second": "second_ms"}.get(what)
            rows.append([f"{one.tree.name}: {name}", f"{one.least(what):,.0f}", f"{one.least(what, 'cpu'):,.0f}",
                         f"{one.least_said(said):,}" if said else "",
                         ", ".join(f"{each[what].wall:,.0f}" for each in one.rounds)])
    return table(["What", "wall ms", "CPU ms", "the daemon's own clock, ms", "wall of each round"], rows)


def told(one):
    report = one.rounds[-1]["report"]
    return (f"{one.tree.name}: {len(one.tree.files):,} files, {one.tree.bytes / 1e6:.0f} MB, {report['lines']:,} lines; "
            f"{report['entities']:,} definitions, {report['relations']:,} links, {report['skipped']:,} passed over, "
            f"{report['parse_errors']:,} parsed in part")


def run(options):
    need("ctags", "universal-ctags")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core) for core in CORES.split(",")})
    rounds = 2 if options.quick else max(3, options.rounds)
    try:
        with tempfile.TemporaryDirectory(prefix="mcpd-bench-") as folder:
            folder = Path(folder).resolve()
            trees = [python(folder), crates(folder, 1000 if options.quick else FILES)]
            measured = [Measured(tree) for tree in trees]
            for number in range(rounds):
                for one in measured:
                    one.round(folder, number)
                    print(f"round {number + 1}: {one.tree.name}", flush=True)
            large = trees[-1]
            with tempfile.TemporaryDirectory(prefix="home-", dir=folder) as home, daemon(home, folder) as mcpd:
                analyze(mcpd, large.path)
                asked, count = asking.questions(mcpd, large, 30 if options.quick else 200)
            beside = asking.beside(lambda home: daemon(home, folder), lambda mcpd: analyze(mcpd, large.path), folder, rounds)
            crowded = None if options.quick else crowd(folder, 200_000)
    finally:
        os.sched_setaffinity(0, before)
    write("code", "Code", "\n\n".join([
        f"{rounds} interleaved rounds, {THREADS} threads, the least of the rounds; each first analysis is a daemon's of its "
        f"own, with an empty database. {'. '.join(told(one) for one in measured)}.",
        ratios(measured),
        "`mcpctl projects analyze` looks every 200 ms whether the analysis has ended, and the wall time has that in it; "
        "the daemon's own clock has not. CPU is that of all threads, user and system: it moves least with what else the "
        "machine does.",
        times(measured),
        f"Questions about {large.name} over `/mcp`, {count} of each kind one after the other on one connection, about names "
        f"that `find_entity` gave (wanted: p95 below {asking.LATE} ms):",
        asked,
        f"Other clients: one call each {1000 // asking.RATE} ms on one connection, timed from when it was due, before the "
        f"first analysis of {large.name} and while it runs, {rounds} rounds; the least of the rounds, and all of them:",
        beside,
        *([crowded] if crowded else []),
    ]))
