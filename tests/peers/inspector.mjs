// The inspector's command line: a process for each request.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHILD_TIMEOUT, MCPD_PEERS_DIR, MCPD_URL, base, authorization, main, memory, parse, stdioCommand } from './scenario.mjs';
import { startWatcher } from './proxy.mjs';

const launcher = `${MCPD_PEERS_DIR}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;

function session(server, { revision, close }) {
  const home = mkdtempSync(join(tmpdir(), 'inspector-'));
  const env = { ...process.env, HOME: home };
  const request = (...args) => new Promise((resolve, reject) => {
    execFile(process.execPath, [launcher, '--cli', '--format', 'json', ...server(args)], { env, timeout: CHILD_TIMEOUT }, (_, stdout, stderr) => {
      const { result } = parse(stdout) ?? {};
      result ? resolve(result) : reject(new Error(`inspector ${args.join(' ')}: ${stdout}${stderr}`));
    });
  });
  return {
    revision,
    listTools: async () => (await request('--method', 'tools/list')).tools.map((tool) => tool.name),
    call: (name, args) => request('--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args)),
    close() { close?.(); rmSync(home, { recursive: true }); },
  };
}

const http = (era) => async () => {
  const watcher = await startWatcher(MCPD_URL);
  const at = ['--protocol-era', era, '--transport', 'http', '--server-url', watcher.url, '--header', `Authorization: ${authorization}`];
  return session((args) => [...at, ...args], watcher);
};
const stdio = (era, revision) => () =>
  session((args) => ['--protocol-era', era, ...args, '--', stdioCommand.command, ...stdioCommand.args], { revision: () => revision });

// The command line sees no revision over server-sent events: it is in the body alone.
const sse = () => {
  const at = ['--protocol-era', 'legacy', '--transport', 'sse', '--server-url', `${base}/sse`, '--header', `Authorization: ${authorization}`];
  return session((args) => [...at, ...args], { revision: () => '2025-11-25' });
};

const eras = [['legacy', '2025-11-25'], ['modern', '2026-07-28']];
await main([
  ...eras.flatMap(([era, revision]) => [
    { client: `inspector-${era}`, transport: 'http', revision, open: http(era) },
    { client: `inspector-${era}`, transport: 'stdio', revision, open: stdio(era, revision) },
  ]),
  { client: 'inspector-legacy', transport: 'sse', revision: '2025-11-25', open: sse },
], [memory]);
