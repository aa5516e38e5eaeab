"""Python SDK 2: `auto` probes with `server/discover`, `legacy` sends `initialize`."""

from contextlib import asynccontextmanager

from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from scenario import BASE, HEADERS, SHELL, URL, main


@asynccontextmanager
async def http(mode):
    async with create_mcp_http_client(headers=HEADERS) as web:
        async with Client(streamable_http_client(URL, http_client=web), mode=mode) as client:
            yield client, client.protocol_version


@asynccontextmanager
async def stdio(mode):
    async with Client(StdioServerParameters(**SHELL), mode=mode) as client:
        yield client, client.protocol_version


@asynccontextmanager
async def sse(mode):
    async with Client(sse_client(f"{BASE}/sse", headers=HEADERS), mode=mode) as client:
        yield client, client.protocol_version


main([
    # Server-sent events belong to the legacy life alone.
    ("py2-legacy", "sse", "2025-11-25", lambda: sse("legacy")),
    *[
        (f"py2-{mode}", transport, revision, lambda connect=connect, mode=mode: connect(mode))
        for transport, connect in [("http", http), ("stdio", stdio)]
        for mode, revision in [("legacy", "2025-11-25"), ("auto", "2026-07-28")]
    ],
])
