// Runs the official suite's server scenarios against MCPD_URL, through a proxy that adds the key, and judges
// the results itself: many checks of the suite pass with nothing listening, so its exit code says too little.
// Arguments: revisions (default: all below) and scenario names (default: all of the revision).
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MCPD_PEERS_DIR, MCPD_URL, authorization, load } from './scenario.mjs';
import { startProxy } from './proxy.mjs';

const REVISIONS = ['2025-06-18', '2025-11-25', '2026-07-28'];
/** Runs by name: everything the suite has for a revision, and exactly what a revision requires, frozen at its release. */
const RUNS = Object.fromEntries([
  ...REVISIONS.map((revision) => [revision, { pick: ['--suite', 'all'], at: ['--spec-version', revision] }]),
  ...REVISIONS.slice(1).map((revision) => [`required-${revision}`, { pick: [], at: ['--requirements', revision] }]),
]);
const COUNTED = ['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED'];
const suite = `${MCPD_PEERS_DIR}/node_modules/@modelcontextprotocol/conformance/dist/index.js`;
const results = `${MCPD_PEERS_DIR}/conformance`;

const args = process.argv.slice(2);
const revisions = args.filter((arg) => arg in RUNS);
const only = args.filter((arg) => !(arg in RUNS));
const expected = fileURLToPath(new URL('expected-failures.yml', import.meta.url));
const known = load('yaml').parse(readFileSync(expected, 'utf8'));
const problems = [];
const table = {};

const proxy = await startProxy(MCPD_URL, (lines) => [...lines, `Authorization: ${authorization}`]);
const closed = await startProxy(MCPD_URL);
closed.close(); // a port where nothing listens

const tools = await listTools();
for (const revision of revisions.length ? revisions : Object.keys(RUNS)) await check(revision);
proxy.close();

report();
process.exit(problems.length ? 1 : 0);

async function check(revision) {
  const server = [...(known.server ?? []), ...(known[revision] ?? [])];
  const scenarios = await applicable(revision);
  const control = await run(revision, 'nothing', closed.url);
  const live = await run(revision, 'mcpd', proxy.url);
  for (const scenario of scenarios) {
    const checks = live.get(scenario) ?? [];
    const vacuous = (control.get(scenario) ?? []).filter(({ status }) => status === 'SUCCESS').map(identity);
    const problem = judge(scenario, checks, server, vacuous);
    problems.push(...problem.map((text) => `${revision} ${scenario}: ${text}`));
    (table[scenario] ??= {})[revision] =
      COUNTED.map((status) => checks.filter((check) => check.status === status).length).join('/') + (problem.length ? ' !' : '');
  }
}

/** What is wrong with one scenario: failures that are not expected, entries that no longer fail, nothing tested. */
function judge(scenario, checks, server, vacuous) {
  const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const tested = checks.filter((check) => /SUCCESS|FAILURE|WARNING/.test(check.status) && !vacuous.includes(identity(check)));
  const listed = server.filter((entry) => entry.split(':')[0] === scenario).map((entry) => entry.split(':')[1]);
  const fixture = known.fixtures?.[scenario];
  if (fixture && !tools.includes(fixture)) return listed.includes(undefined) ? [] : [`proves nothing without the tool ${fixture}`];
  if (known['not-applicable']?.includes(scenario)) return tested.length ? ['is listed as not applicable, but was tested'] : [];
  if (!tested.length) return ['tested nothing'];
  if (listed.includes(undefined)) return failed.length ? [] : ['passes: take it out of expected-failures.yml'];
  const skipped = checks.filter(({ status }) => status === 'SKIPPED').map(({ id }) => `${scenario}:${id}`);
  const named = Object.keys(known.skips ?? {}).filter((entry) => entry.split(':')[0] === scenario);
  const passes = (id) => checks.some((check) => check.id === id && check.status === 'SUCCESS') && !failed.some((check) => check.id === id);
  return [
    ...failed.filter(({ id }) => !listed.includes(id)).map((check) => `${check.id} ${check.name}: ${check.errorMessage ?? check.status}`),
    ...skipped.filter((entry) => !named.includes(entry)).map((entry) => `${entry} is skipped, and nobody said why`),
    ...named.filter((entry) => !skipped.includes(entry)).map((entry) => `${entry} is not skipped: take it out of skips`),
    ...listed.filter(passes).map((id) => `${id} passes: take it out of expected-failures.yml`),
  ];
}

/** The server scenarios of a run, those the suite reports without scoring them included, but for what is left out. */
async function applicable(revision) {
  const output = await node(['list', '--server', ...RUNS[revision].at]);
  const [server, others = ''] = output.split(/^Client scenarios/m);
  const names = [
    ...[...server.matchAll(/^ +- (\S+)/gm)].map(([, name]) => name),
    ...[...others.matchAll(/^ +- (\S+) \[server\]/gm)].map(([, name]) => name),
  ].filter((name) => !(name in (known['left-out'] ?? {})));
  return only.length ? names.filter((name) => only.includes(name)) : names;
}

/** The checks of each scenario; what the suite says of them is kept in output.txt. */
async function run(revision, label, url) {
  const dir = `${results}/${revision}/${label}`;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { pick, at } = RUNS[revision];
  const picks = only.length ? only.map((name) => ['--scenario', name]) : [pick];
  for (const chosen of picks) {
    const output = await node(['server', '--url', url, ...chosen, ...at, '-o', dir, '--expected-failures', expected]);
    writeFileSync(`${dir}/output.txt`, output, { flag: 'a' });
  }
  const checks = new Map();
  for (const entry of readdirSync(dir)) {
    const scenario = /^server-(.*)-\d{4}-\d\d-\d\dT/.exec(entry)?.[1];
    const file = `${dir}/${entry}/checks.json`;
    if (scenario && existsSync(file)) checks.set(scenario, JSON.parse(readFileSync(file, 'utf8')));
  }
  return checks;
}

function node(args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [suite, ...args], { timeout: 300_000, maxBuffer: 1 << 28 },
      (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

async function listTools() {
  const revision = REVISIONS.at(-1);
  const prefix = 'io.modelcontextprotocol/';
  const _meta = { [`${prefix}protocolVersion`]: revision, [`${prefix}clientCapabilities`]: {} };
  try {
    const response = await fetch(proxy.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': revision, 'Mcp-Method': 'tools/list',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`HTTP ${response.status} ${text}`);
    const message = JSON.parse(/^data: *(\{.*)$/m.exec(text)?.[1] ?? text);
    return message.result.tools.flatMap(({ name, inputSchema }) =>
      JSON.stringify(inputSchema).includes('"x-mcp-header"') ? [name, 'x-mcp-header'] : [name]);
  } catch (error) {
    console.log(`FAILED: ${MCPD_URL} does not answer tools/list of ${revision}: ${error.cause?.message ?? error.message}`);
    process.exit(1);
  }
}

function identity({ id, name }) {
  return `${id} ${name}`;
}

function report() {
  const shown = revisions.length ? revisions : Object.keys(RUNS);
  const width = Math.max(...Object.keys(table).map((name) => name.length));
  const line = (name, cells) => console.log(`${name.padEnd(width)}  ${cells.map((cell) => cell.padEnd(19)).join('  ')}`.trimEnd());
  console.log(`Checks: ${COUNTED.join('/')}; "!" marks a problem\n`);
  line('', shown);
  for (const [scenario, row] of Object.entries(table)) line(scenario, shown.map((revision) => row[revision] ?? '-'));
  const cells = Object.values(table).flatMap((row) => Object.values(row));
  const total = COUNTED.map((status, i) => `${cells.reduce((sum, cell) => sum + parseInt(cell.split('/')[i], 10), 0)} ${status}`);
  console.log(`\n${total.join(', ')}; details in ${results}`);
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(problems.length ? `FAILED conformance: ${problems.length} problems` : 'ok conformance');
}
