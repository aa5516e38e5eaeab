"""Python SDK 1: always `initialize`."""

from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamablehttp_client

from scenario import HEADERS, SHELL, URL, main


@asynccontextmanager
async def connect(transport):
    async with transport as (read, write, *_), ClientSession(read, write) as session:
        yield session, (await session.initialize()).protocolVersion


main([
    ("py1", "http", "2025-11-25", lambda: connect(streamablehttp_client(URL, headers=HEADERS))),
    ("py1", "stdio", "2025-11-25", lambda: connect(stdio_client(StdioServerParameters(**SHELL)))),
])
