"""What the system knows: about itself, and about a process."""

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent

# The servers have one core, the load another: neither disturbs the other's figures.
SERVER_CORE, LOAD_CORE = "0", "1"


def fail(why):
    sys.exit(f"bench: {why}")


def need(command, package):
    """Installs a Debian package where its command is missing."""
    if shutil.which(command):
        return
    if os.getuid() != 0 or not shutil.which("apt-get"):
        fail(f"{command} is missing; install it (on Debian: apt-get install {package})")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=True)


def prepare():
    """Checks the machine and takes the load's core for this process and what it starts."""
    if (os.cpu_count() or 1) < 2:
        fail("two cores are needed: one for the server, one for the load")
    need("wrk", "wrk")
    need("taskset", "util-linux")
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def output(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else "unknown"


def about():
    """Returns the lines that say where figures come from."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    changed = bool(subprocess.run(["git", "status", "--porcelain", "--", ":!bench"], cwd=ROOT,
                                  capture_output=True, text=True).stdout.strip())
    commit = output("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")
    lock = (ROOT / "Cargo.lock").read_text()
    versions = []
    for name in ("axum", "hyper", "tokio", "rmcp"):
        entry = lock.split(f'name = "{name}"\nversion = "', 1)[1]
        versions.append(f"{name} {entry.split(chr(34), 1)[0]}")
    wrk = " ".join(output("wrk", "-v").split()[:2])
    return [
        f"- Command: `{' '.join(['bench/run', *sys.argv[1:]])}`",
        f"- Date: {time.strftime('%d %B %Y, %H:%M UTC', time.gmtime())}",
        f"- Machine: {os.cpu_count()} x {model}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the end",
        f"- Versions: commit {commit}, {output('rustc', '--version')}, {', '.join(versions)}, {wrk}",
    ]


def cpu(pid):
    """Returns the CPU time a process has used, user and system, all threads, in seconds: /proc/PID/stat, but finer."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def settle(pid):
    """Waits until a process rests, so that work put off counts for the round that caused it."""
    before = cpu(pid)
    for _ in range(60):
        time.sleep(0.05)
        now = cpu(pid)
        if now - before < 0.001:
            return
        before = now


def rss(pid):
    """Returns resident memory in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def peak(pid):
    """Returns the most resident memory there ever was, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def syncs(folder, seconds=2.0):
    """Returns how often a second one writer alone can append 4 kB and have it on the disk."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            count += 1
        return count / (time.monotonic() - began)


def percentile(values, share):
    """Returns the smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
