// Claude Code: `mcp list` must connect, then a whole tool call with a model played by a local server.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHILD_TIMEOUT, MCPD_STDIO, MCPD_URL, authorization, content, equal, load, main, parse, stdioCommand } from './scenario.mjs';
import { startWatcher } from './proxy.mjs';

const musl = process.report.getReport().header.glibcVersionRuntime ? '' : '-musl';
const binary = load.resolve(`@anthropic-ai/claude-code-${process.platform}-${process.arch}${musl}/claude`);

/** Plays the model: asks for the tool to be loaded, calls it, and keeps the answer. */
async function startModel(tool, input) {
  let answer;
  const next = ({ tools = [], messages = [] }) => {
    const blocks = messages.flatMap((message) => (Array.isArray(message.content) ? message.content : []));
    const result = (id) => blocks.find((block) => block.type === 'tool_result' && block.tool_use_id === id);
    const use = (id, name, input) => ({ type: 'tool_use', id, name, input });
    answer ??= result('toolu_call');
    if (!tools.length || result('toolu_call')) return { type: 'text', text: 'done' };
    if (result('toolu_load') || tools.some(({ name }) => name === tool)) return use('toolu_call', tool, input);
    return use('toolu_load', 'ToolSearch', { query: `select:${tool}` });
  };
  const server = createServer(async (request, response) => {
    const body = parse(Buffer.concat(await request.toArray()).toString());
    if (request.method !== 'POST' || request.url.split('?')[0] !== '/v1/messages') return response.writeHead(404).end();
    const stream = events(next(body), body.model).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(stream.join(''));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, answer: () => answer, close: () => server.close() };
}

function events(block, model) {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const isText = block.type === 'text';
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage };
  const delta = isText ? { type: 'text_delta', text: block.text } : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: isText ? 'end_turn' : 'tool_use', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}

/** A Claude Code with a home of its own and nothing else of this machine. */
function startClaude() {
  const home = mkdtempSync(join(tmpdir(), 'claude-'));
  return {
    home,
    close: () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }),
    run: (args, extra = {}) => new Promise((resolve) => {
      // The authority of a daemon that speaks TLS.
      const { NODE_EXTRA_CA_CERTS } = process.env;
      const trust = NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS } : {};
      const env = { HOME: home, PATH: process.env.PATH, DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', ...trust, ...extra };
      execFile(binary, args, { env, cwd: home, timeout: CHILD_TIMEOUT }, (_, stdout, stderr) => resolve(stdout + stderr)).stdin.end();
    }),
  };
}

/** `add` are the words after `claude mcp add`; `server` is the same for --mcp-config. */
const session = (name, add, makeServer) => async () => {
  const claude = startClaude();
  const server = await makeServer(claude.home);
  return {
    revision: server.revision,
    async list() {
      const added = await claude.run(['mcp', 'add', ...add]);
      const listed = await claude.run(['mcp', 'list']);
      if (!new RegExp(`^${name}: .*✔ Connected`, 'm').test(listed)) equal('claude mcp list', added + listed, `${name}: … ✔ Connected`);
    },
    async callTool(project_id) {
      const tool = `mcp__${name}__store_memory`;
      const model = await startModel(tool, { project_id, content });
      const config = join(claude.home, 'mcp.json');
      writeFileSync(config, JSON.stringify({ mcpServers: { [name]: server.config } }));
      const said = await claude.run(
        ['-p', 'go', '--mcp-config', config, '--strict-mcp-config', '--allowedTools', tool, '--output-format', 'json'],
        { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'any' });
      model.close();
      const answer = model.answer();
      const text = Array.isArray(answer?.content) ? answer.content.map((block) => block.text).join('') : answer?.content;
      if (parse(text)?.success !== true) equal('tool_result of store_memory', { answer, said }, { success: true });
    },
    close() { server.close?.(); claude.close(); },
  };
};

async function http() {
  const watcher = await startWatcher(MCPD_URL);
  return { ...watcher, config: { type: 'http', url: watcher.url, headers: { Authorization: authorization } } };
}

async function stdio(home) {
  const wire = join(home, 'wire');
  const command = { command: 'bash', args: ['-c', `tee '${wire}' | ${MCPD_STDIO}`] };
  const versions = () => [...readFileSync(wire, 'utf8').matchAll(/"(?:io\.modelcontextprotocol\/)?protocolVersion":"(.*?)"/g)];
  return { config: { type: 'stdio', ...command }, revision: () => versions().at(-1)?.[1] };
}

await main([
  { client: 'claude', transport: 'http', revision: '2026-07-28',
    open: session('mcpd', ['--transport', 'http', 'mcpd', MCPD_URL, '--header', `Authorization: ${authorization}`], http) },
  { client: 'claude', transport: 'stdio', revision: '2026-07-28',
    open: session('mcpd-stdio', ['mcpd-stdio', '--', stdioCommand.command, ...stdioCommand.args], stdio) },
], [(claude) => claude.list(), (claude, project) => claude.callTool(project)]);
