"""A state directory with 10,000 keys and 100,000 memories, made through the daemon itself; starting on it; recall."""

import os
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from .machine import ROOT, fail, percentile, rss
from .report import table, write
from .servers import Mcpd
from .wire import Line, Shape, message

KEYS, MEMORIES, WRITERS, QUERIES = 10_000, 100_000, 32, 200
ENGLISH = """account adapter alarm archive backup balance batch branch broker budget cache calendar catalog channel
checkout client cluster column commit compiler config connection container contract counter credit customer dashboard
database deadline decision delivery deployment device digest discount document domain driver editor email endpoint
engine error event export feature filter firewall folder forecast gateway header history image import index inventory
invoice journal kernel latency ledger library license limit listener loader locale login mailbox manifest market
member merge message meter migration mirror mobile module monitor network notice order package parser partner password
patch payment pipeline plugin policy pool printer process profile project protocol proxy query queue quota record
refund region release replica report request retry review route sandbox schedule schema script search secret segment
sensor server session shard signal snapshot socket source storage stream supplier switch table tenant ticket timeout
token tracker traffic transfer trigger update upload vendor version voucher warehouse webhook widget worker""".split()
CHINESE = """数据库 缓存 部署 用户 订单 支付 接口 网关 日志 监控 权限 配置 索引 迁移 会话 消息 队列 服务器 客户端 测试
性能 内存 线程 连接 超时 重试 备份 恢复 版本 发布 分支 合并 审计 加密 证书 令牌 租户 项目 文档 搜索""".split()


def text(random_, number):
    """Returns a memory of one to three sentences, every fourth in Chinese; the number makes it the only one."""
    words = CHINESE if number % 4 == 3 else ENGLISH
    sentences = []
    for _ in range(random_.randint(1, 3)):
        chosen = random_.choices(words, k=random_.randint(6, 14))
        sentences.append("".join(chosen) + "。" if words is CHINESE else " ".join(chosen) + ".")
    return f"{' '.join(sentences)} #{number}"


def remember(server, count):
    """Stores memories from several connections at once."""
    failures = []

    def work(part):
        random_, line = random.Random(part), Line(server)
        try:
            for number in range(part, count, WRITERS):
                arguments = {"project_id": "corpus", "content": text(random_, number), "memory_level": "long"}
                shape = Shape("tools/call", {"name": "store_memory", "arguments": arguments})
                status, _, body, _ = line.ask(shape.once(server))
                if status != 200 or message(body)["result"]["isError"]:
                    raise RuntimeError(f"store_memory: {status} {body[:200]!r}")
        except Exception as failure:  # told by whoever waits for the threads
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def issue(path, count):
    """Copies the row of the one key there is: a key nobody holds costs at start what any other does."""
    with sqlite3.connect(path) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(api_keys)")]
        (first,) = database.execute(f"SELECT {', '.join(columns)} FROM api_keys LIMIT 1")
        key = dict(zip(columns, first))
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        random_ = random.Random(1)
        for number in range(count - 1):
            key |= {"id": "".join(random_.choices(letters, k=12)), "name": f"key {number}",
                    "digest": random_.randbytes(32)}
            database.execute(f"INSERT INTO api_keys VALUES ({', '.join('?' * len(columns))})",
                             [key[column] for column in columns])
    database.close()


@contextmanager
def seeded(options):
    """Yields a home whose state is full, and the key to it."""
    keys, memories = (KEYS // 10, MEMORIES // 10) if options.quick else (KEYS, MEMORIES)
    with tempfile.TemporaryDirectory(prefix="mcpd-bench-", dir=options.disk) as folder:
        with Mcpd(folder) as mcpd:
            began = time.monotonic()
            remember(mcpd, memories)
            took = time.monotonic() - began
            key, database = mcpd.key, mcpd.state / "mcpd.db"
        issue(database, keys)
        size = database.stat().st_size / 1e6
        print(f"seeded {keys:,} keys and {memories:,} memories ({took:.0f} s, {size:.0f} MB)", flush=True)
        what = (f"{keys:,} keys and {memories:,} memories ({size:.0f} MB; stored from {WRITERS} connections at "
                f"{memories / took:,.0f}/s, wanted 1,000/s)")
        yield folder, key, what


def answered(server):
    """Returns when /ready first answers 200."""
    request = f"GET /ready HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()
    while True:
        line = Line(server)
        status, *_ = line.ask(request)
        line.close()
        if status == 200:
            return time.monotonic()


def start(options, home, key, what):
    """From exec to the line that says ready, and to the first 200 of /ready."""
    rows = []
    for number in range(5):
        with Mcpd(home, key=key) as mcpd:
            took = answered(mcpd) - mcpd.began
            rows.append([number + 1, f"{mcpd.ready_after * 1000:.0f}", f"{took * 1000:.0f}",
                         f"{rss(mcpd.pid) / 1024:.1f}"])
    write("start", "Start", "\n\n".join([
        f"With {what}, five times, the program and the database in the system's cache (wanted: below 300 ms).",
        table(["Start", "says ready, ms", "/ready answers 200, ms", "RSS then, MiB"], rows),
    ]))


def ask(mcpd):
    """retrieve_memory one at a time, English and Chinese, one to four words each: the times by language, in ms."""
    random_ = random.Random(7)
    taken, found = {"English": [], "Chinese": []}, 0
    line = Line(mcpd)
    for number in range(QUERIES + 10):
        language, words = ("Chinese", CHINESE) if number % 4 == 3 else ("English", ENGLISH)
        chosen = random_.sample(words, random_.randint(1, 4))
        query = "".join(chosen) if words is CHINESE else " ".join(chosen)
        arguments = {"project_id": "corpus", "query": query}
        request = Shape("tools/call", {"name": "retrieve_memory", "arguments": arguments}).once(mcpd)
        began = time.monotonic()
        status, _, body, _ = line.ask(request)
        if number >= 10:  # the first ones warm what every later one finds warm
            taken[language].append((time.monotonic() - began) * 1000)
        if status != 200 or message(body)["result"]["isError"]:
            raise RuntimeError(f"retrieve_memory: {status} {body[:200]!r}")
        found += bool(message(body)["result"]["structuredContent"]["memories"])
    line.close()
    taken["all"] = taken["English"] + taken["Chinese"]
    return taken, found


def give_model(home):
    """Puts the sentence model where the daemon looks for it."""
    model = Path(os.environ.get("MCPD_MODEL", ROOT / "target/tools/use-multilingual-3.safetensors"))
    if not model.exists():
        fail(f"{model} is missing: run packaging/model/build {model}")
    folder = Path(home) / "state" / "models"
    folder.mkdir(exist_ok=True)
    shutil.copy(model, folder / "use-multilingual-3.safetensors")


def embed(mcpd):
    """Waits until every memory has its vector; returns how many a second got one."""
    began = time.monotonic()
    with sqlite3.connect(f"file:{mcpd.state / 'mcpd.db'}?mode=ro", uri=True) as database:
        def count(table):
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        memories = count("memories")
        while (done := count("memory_vectors")) < memories:
            print(f"\rembedded {done:,} of {memories:,}", end="", flush=True)
            time.sleep(2)
    print()
    database.close()
    return memories / (time.monotonic() - began)


def recall(options, home, key, what):
    """The same questions by words alone, then with the sentence model."""
    rows, sizes = [], []
    for way in ("words", "words and meaning"):
        with Mcpd(home, key=key) as mcpd:
            speed = embed(mcpd) if way != "words" else None
            taken, found = ask(mcpd)
            sizes.append(f"{rss(mcpd.pid) / 1024:.0f} MiB by {way} ({found} of {QUERIES + 10} found something)")
        rows += [[f"{name}, by {way}", len(values), f"{percentile(values, 0.5):.1f}", f"{percentile(values, 0.95):.1f}",
                  f"{max(values):.1f}"] for name, values in taken.items()]
        give_model(home)
    write("recall", "Recall", "\n\n".join([
        f"retrieve_memory with {what}: {QUERIES} different questions one after the other on one connection (wanted: "
        "p95 below 20 ms by words, 60 ms with the sentence model). The model, on the server's one core, embedded "
        f"{speed:.0f} memories/s. Resident after the questions: {'; '.join(sizes)} (wanted: below 400 MiB).",
        table(["Questions", "count", "p50 ms", "p95 ms", "max ms"], rows),
    ]))


def run(options, sections):
    with seeded(options) as (home, key, what):
        if "start" in sections:
            start(options, home, key, what)
        if "recall" in sections:
            recall(options, home, key, what)
