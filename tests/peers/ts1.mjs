// TypeScript SDK 1: always `initialize`.
import { MCPD_URL, base, authorization, load, main, sdkSession, sseOptions, stdioCommand, useSocketsWithKey } from './scenario.mjs';

const { Client } = load('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = load('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { SSEClientTransport } = load('@modelcontextprotocol/sdk/client/sse.js');
const { WebSocketClientTransport } = load('@modelcontextprotocol/sdk/client/websocket.js');
const { StdioClientTransport } = load('@modelcontextprotocol/sdk/client/stdio.js');

useSocketsWithKey();

const transports = {
  http: () => new StreamableHTTPClientTransport(new URL(MCPD_URL), { requestInit: { headers: { authorization } } }),
  sse: () => new SSEClientTransport(new URL(`${base}/sse`), sseOptions),
  ws: () => new WebSocketClientTransport(new URL(`${base.replace('http', 'ws')}/ws`)),
  stdio: () => new StdioClientTransport(stdioCommand),
};

await main(Object.entries(transports).map(([transport, make]) => ({
  client: 'ts1', transport, revision: '2025-11-25',
  open: () => sdkSession(new Client({ name: 'ts1', version: '1' }), make()),
})));
