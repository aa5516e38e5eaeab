// mcp-remote: a bridge from standard input and output to a server over HTTP, with the TypeScript SDK 1 before it.
import { MCPD_PEERS_DIR, MCPD_URL, authorization, load, main, sdkSession } from './scenario.mjs';

const { Client } = load('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = load('@modelcontextprotocol/sdk/client/stdio.js');
const proxy = `${MCPD_PEERS_DIR}/node_modules/mcp-remote/dist/proxy.js`;

const bridge = (strategy, url) => () => sdkSession(
  new Client({ name: 'remote', version: '1' }),
  new StdioClientTransport({
    command: process.execPath,
    args: [proxy, url, '--header', `Authorization:${authorization}`, '--transport', strategy, '--allow-http'],
    env: { ...process.env, HOME: `${MCPD_PEERS_DIR}/home` },
    stderr: 'ignore',
  }),
);

await main([
  { client: 'mcp-remote', transport: 'http', revision: '2025-11-25', open: bridge('http-only', MCPD_URL) },
  { client: 'mcp-remote', transport: 'sse', revision: '2025-11-25', open: bridge('sse-only', MCPD_URL.replace(/mcp$/, 'sse')) },
]);
