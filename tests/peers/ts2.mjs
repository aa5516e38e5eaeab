// TypeScript SDK 2 in its three modes of negotiation.
import { MCPD_URL, base, authorization, load, main, sdkSession, sseOptions, stdioCommand } from './scenario.mjs';

const { Client, SSEClientTransport, StreamableHTTPClientTransport } = load('@modelcontextprotocol/client');
const { StdioClientTransport } = load('@modelcontextprotocol/client/stdio');

const modes = [
  ['legacy', 'legacy', '2025-11-25'],
  ['auto', 'auto', '2026-07-28'],
  ['pinned', { pin: '2026-07-28' }, '2026-07-28'],
];
const transports = {
  http: () => new StreamableHTTPClientTransport(new URL(MCPD_URL), { requestInit: { headers: { authorization } } }),
  stdio: () => new StdioClientTransport(stdioCommand),
};

const open = (mode, make) => () =>
  sdkSession(new Client({ name: 'ts2', version: '1' }, { versionNegotiation: { mode } }), make());
await main([
  ...Object.entries(transports).flatMap(([transport, make]) => modes.map(([name, mode, revision]) => ({
    client: `ts2-${name}`, transport, revision, open: open(mode, make),
  }))),
  // Server-sent events belong to the legacy life alone.
  {
    client: 'ts2-legacy', transport: 'sse', revision: '2025-11-25',
    open: open('legacy', () => new SSEClientTransport(new URL(`${base}/sse`), sseOptions)),
  },
]);
