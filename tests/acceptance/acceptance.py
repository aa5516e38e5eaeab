"""Calls every tool on one real project and compares what comes with facts computed another way."""

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp import Client as Sdk
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

import ai
import context
import firewall
import graph
import quality
from kit import Client, equal
from projects import PROJECTS
from truth import Tree

FIELDS = json.loads(Path(__file__).with_name("fields.json").read_text())


async def main(name, folder):
    project = PROJECTS[name]
    tree = Tree(folder, project.endings)
    headers = {"Authorization": f"Bearer {os.environ['MCPD_KEY']}"}
    async with create_mcp_http_client(headers=headers) as web:
        async with Sdk(streamable_http_client(os.environ["MCPD_URL"], http_client=web), mode="auto") as session:
            client = Client(session, name, FIELDS)
            listed = [tool.name for tool in (await session.list_tools()).tools]
            equal("tools that are listed", sorted(listed), sorted(FIELDS))
            await client.refused("query_architecture", "unknown_project", project_id="never-used")
            await graph.check(client, tree, project, name)
            known = await context.check(client, project)
            await ai.check(client, tree, project, known)
            await firewall.check(client, project)
            await quality.check(client, tree, project)
            equal("tools that were not called", sorted(set(FIELDS) - client.called), [])
    print(f"ok {name}: {len(client.called)} tools")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:3]))
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        print(f"FAILED {sys.argv[1]}: {type(error).__name__}: {error}", flush=True)
        sys.exit(1)
