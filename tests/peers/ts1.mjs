// TypeScript SDK 1: always `initialize`.
import { MCPD_URL, authorization, load, main, sdkSession, stdioCommand } from './scenario.mjs';

const { Client } = load('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = load('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { StdioClientTransport } = load('@modelcontextprotocol/sdk/client/stdio.js');

const transports = {
  http: () => new StreamableHTTPClientTransport(new URL(MCPD_URL), { requestInit: { headers: { authorization } } }),
  stdio: () => new StdioClientTransport(stdioCommand),
};

await main(Object.entries(transports).map(([transport, make]) => ({
  client: 'ts1', transport, revision: '2025-11-25',
  open: () => sdkSession(new Client({ name: 'ts1', version: '1' }), make()),
})));
