"""Python SDK 1: always `initialize`."""

import os
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.client.websocket import websocket_client

from scenario import BASE, HEADERS, SHELL, URL, main

# This client can set neither a header nor a subprotocol: the server is told to take keys from the address.
SOCKET = f"{BASE.replace('http', 'ws', 1)}/ws?token={os.environ.get('MCPD_KEY')}"


@asynccontextmanager
async def connect(transport):
    async with transport as (read, write, *_), ClientSession(read, write) as session:
        yield session, (await session.initialize()).protocolVersion


main([
    ("py1", "http", "2025-11-25", lambda: connect(streamablehttp_client(URL, headers=HEADERS))),
    ("py1", "sse", "2025-11-25", lambda: connect(sse_client(f"{BASE}/sse", headers=HEADERS))),
    ("py1", "ws", "2025-11-25", lambda: connect(websocket_client(SOCKET))),
    ("py1", "stdio", "2025-11-25", lambda: connect(stdio_client(StdioServerParameters(**SHELL)))),
])
