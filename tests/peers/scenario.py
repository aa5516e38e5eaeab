"""The scenario that both Python SDKs run: the same steps as scenario.mjs."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

URL, STDIO, PROJECT = (os.environ.get(name) for name in ("MCPD_URL", "MCPD_STDIO", "PROJECT"))
BASE = (URL or "").removesuffix("/mcp")
HEADERS = {"Authorization": f"Bearer {os.environ.get('MCPD_KEY')}"}
SHELL = {"command": "bash", "args": ["-c", f"exec {STDIO}"]}
CONTENT = sys.argv[1] if len(sys.argv) > 1 else "The deploy key rotates every 90 days: 部署密钥每九十天轮换一次, ask ops first."
BUILTIN = json.loads(Path(__file__).with_name("tools.json").read_text())
TIMEOUT = 120


class Unexpected(Exception):
    def __init__(self, what, came, expected):
        super().__init__(f"{what}\n  expected: {expected!r}\n  came:     {came!r}")


def equal(what, came, expected):
    if came != expected:
        raise Unexpected(what, came, expected)


def envelope(what, result, success=True):
    """The structured content of a result that has the envelope of every mcpd tool."""
    if bool(result.get("isError")) == success:
        raise Unexpected(what, result, f"isError {not success}")
    structured = result.get("structuredContent") or {}
    equal(f"{what}: structuredContent.success", structured.get("success"), success)
    equal(f"{what}: text of content[0]", json.loads(result["content"][0]["text"]), structured)
    return structured


async def scenario(client, project):
    """`client` is an SDK client or session; both have the methods used here."""

    async def raw(name, **args):
        return (await client.call_tool(name, args)).model_dump(mode="json", by_alias=True)

    async def call(name, **args):
        return envelope(name, await raw(name, **args))

    tools = {tool.name for tool in (await client.list_tools()).tools}
    equal("tools/list: missing built-in tools", [name for name in BUILTIN if name not in tools], [])

    memory_id = (await call("store_memory", project_id=project, content=CONTENT))["memory_id"]
    for query in [CONTENT, *re.findall("[\u4e00-\u9fff]+", CONTENT)[:1]]:
        ids = [memory["memory_id"] for memory in (await call("retrieve_memory", project_id=project, query=query))["memories"]]
        if memory_id not in ids:
            raise Unexpected(f"retrieve_memory {query!r}: ids", ids, [memory_id])

    todo_id = (await call("create_todo", project_id=project, title=CONTENT, priority=5))["todo_id"]
    equal("get_next_todo: todo_id", ((await call("get_next_todo", project_id=project))["todo"] or {}).get("todo_id"), todo_id)
    updated = await call("update_todo_status", todo_id=todo_id, status="completed")
    equal("update_todo_status: status", updated["status"], "completed")
    listed = (await call("list_todos", project_id=project, status="completed"))["todos"]
    equal("list_todos: status", [todo["status"] for todo in listed if todo["todo_id"] == todo_id], ["completed"])

    bad = await raw("create_todo", project_id=project, title="never", priority=99)
    envelope("create_todo with priority 99", bad, success=False)


def main(runs):
    """Runs (client, transport, revision, connect) each, where its transport is configured; then exits.

    `connect()` is an async context manager that yields a client and the negotiated revision."""

    async def one(client, transport, revision, connect):
        async with connect() as (session, negotiated):
            await scenario(session, f"{PROJECT}-{client}-{transport}")
            equal("negotiated revision", negotiated, revision)
        print(f"ok {client} {transport} {'legacy' if revision < '2026' else 'modern'}/{revision}", flush=True)

    wanted = [run for run in runs if (STDIO if run[1] == "stdio" else URL)]
    if not wanted or not PROJECT:
        sys.exit("FAILED: set PROJECT, and MCPD_URL with MCPD_KEY, or MCPD_STDIO")
    failed = False
    for run in wanted:
        try:
            asyncio.run(asyncio.wait_for(one(*run), TIMEOUT / len(wanted)))
        except BaseException as error:  # the SDKs wrap what went wrong in groups
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            print(f"FAILED {run[0]} {run[1]}: {type(error).__name__}: {error}", flush=True)
            failed = True
    sys.exit(failed)
