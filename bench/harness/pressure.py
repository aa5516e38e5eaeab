"""Many connections for a minute, and durable writes."""

import statistics
import tempfile

from .calls import CALL, TEXT
from .load import Load
from .machine import percentile, rss, syncs
from .report import table, write
from .servers import Mcpd, ceiling
from .wire import Shape

CONNECTIONS = 256


def steady(options):
    """256 connections: every answer a 200, memory flat, latency near the bare server's."""
    seconds = 10 if options.quick else 60
    early = max(1, seconds // 6)
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-") as folder:
        with Mcpd(f"{folder}/fixtures", "mcpd-fixtures") as fixtures:
            with ceiling("ceiling", fixtures, TEXT, f"{folder}/a") as bare:
                rows = []
                for name, server in (("mcpd", fixtures), ("ceiling", bare)):
                    load = Load(server, Shape(CALL, TEXT), folder, CONNECTIONS)
                    load.round(early)
                    first = rss(server.pid)
                    figures = load.round(seconds - early)
                    rows.append((name, figures, first, rss(server.pid)))
    ours, theirs = rows[0][1], rows[1][1]
    shown = [[name, f"{figures['requests']:,}", f"{figures['rate']:,.0f}", f"{figures['p50'] / 1000:.2f}",
              f"{figures['p99'] / 1000:.2f}", f"{first / 1024:.1f}", f"{last / 1024:.1f}"]
             for name, figures, first, last in rows]
    write("steady", "Many connections", "\n\n".join([
        f"{CONNECTIONS} connections for {seconds} s, tools/call legacy stateless. Every answer was a 200. "
        f"p99 is {ours['p99'] / theirs['p99']:.2f} x the bare server's (wanted: at most 1.5), CPU per request "
        f"{theirs['cpu'] / ours['cpu']:.2f} of it.",
        table(["Server", "Requests", "Requests/s", "p50 ms", "p99 ms", f"RSS after {early} s, MiB", "at the end, MiB"],
              shown),
    ]))


def writes(options):
    """create_todo from 32 connections: each is on the disk before it is answered."""
    todo = {"name": "create_todo", "arguments": {"project_id": "bench", "title": "measure what a write costs"}}
    rows, before, after = [], [], []
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-", dir=options.disk) as folder:
        with Mcpd(folder) as mcpd:
            load = Load(mcpd, Shape(CALL, todo), folder)
            for _ in range(options.rounds):
                before.append(syncs(folder))
                figures = load.round(options.seconds)
                rows.append(figures)
                after.append(syncs(folder, 1))
    rates = [figures["rate"] for figures in rows]
    tails = [figures["p99"] / 1000 for figures in rows]
    shown = [[number + 1, f"{single:,.0f}", f"{figures['rate']:,.0f}", f"{figures['p50'] / 1000:.2f}",
              f"{figures['p99'] / 1000:.2f}", f"{figures['cpu']:.0f}"]
             for number, (figures, single) in enumerate(zip(rows, before))]
    write("writes", "Durable writes", "\n\n".join([
        f"create_todo, 32 connections, {options.rounds} rounds of {options.seconds} s: median {statistics.median(rates):,.0f} "
        f"writes/s, p99 {statistics.median(tails):.1f} ms (wanted: 3,000/s where one writer alone syncs 300/s, p99 below "
        f"50 ms). One writer alone syncs {percentile(before + after, 0.5):,.0f}/s here (append of 4 kB and fsync).",
        table(["Round", "Syncs/s alone", "Writes/s", "p50 ms", "p99 ms", "CPU us/write"], shown),
    ]))
