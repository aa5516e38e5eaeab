// The scenario that every JavaScript client runs, and what the client scripts share.
// A session is { revision(), listTools(), call(name, args), close() }.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

export const { MCPD_URL, MCPD_KEY, MCPD_STDIO, MCPD_PEERS_DIR, PROJECT, CODE_TREE } = process.env;
/** `require` from the peers directory: the packages live there, the scripts do not. */
export const load = createRequire(`${MCPD_PEERS_DIR}/package.json`);
export const authorization = `Bearer ${MCPD_KEY}`;
/** Where the other transports are found: the endpoint without its path. */
export const base = MCPD_URL?.replace(/\/mcp$/, '');
const headers = { authorization };
/** Options of an SDK's transport over server-sent events: the key goes with the stream and with each message. */
export const sseOptions = {
  requestInit: { headers },
  eventSourceInit: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...headers } }) },
};
/** Lets an SDK that can set no header on a WebSocket offer the key as a second subprotocol. */
export function useSocketsWithKey() {
  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(url, protocol) { super(url, [protocol, `mcpd.key.${MCPD_KEY}`]); }
  };
}
export const content = process.argv[2] ?? 'The deploy key rotates every 90 days: 部署密钥每九十天轮换一次, ask ops first.';
const builtin = JSON.parse(readFileSync(new URL('tools.json', import.meta.url)));
const TIMEOUT = 120_000;
export const CHILD_TIMEOUT = 30_000;

export function equal(what, came, expected) {
  if (isDeepStrictEqual(came, expected)) return;
  throw new Error(`${what}\n  expected: ${JSON.stringify(expected)}\n  came:     ${JSON.stringify(came)}`);
}

/** The structured content of a result that has the envelope of every mcpd tool. */
export function envelope(what, result, success = true) {
  const { isError = false, structuredContent, content = [] } = result;
  if (isError === success) throw new Error(`${what}\n  expected: isError ${!success}\n  came:     ${JSON.stringify(result)}`);
  equal(`${what}: structuredContent.success`, structuredContent?.success, success);
  equal(`${what}: text of content[0]`, parse(content[0]?.text), structuredContent);
  return structuredContent;
}

export async function memory(session, project_id) {
  const tools = await session.listTools();
  equal('tools/list: missing built-in tools', builtin.filter((name) => !tools.includes(name)), []);

  const stored = envelope('store_memory', await session.call('store_memory', { project_id, content }));
  for (const query of [content, ...(content.match(/\p{Script=Han}+/u) ?? [])]) {
    const found = envelope('retrieve_memory', await session.call('retrieve_memory', { project_id, query }));
    const ids = found.memories?.map((memory) => memory.memory_id);
    if (!ids?.includes(stored.memory_id)) equal(`retrieve_memory "${query}": ids`, ids, [stored.memory_id]);
  }

  const bad = await session.call('create_todo', { project_id, title: 'never', priority: 99 });
  envelope('create_todo with priority 99', bad, false);
}

export async function todos(session, project_id) {
  const call = async (name, args) => envelope(name, await session.call(name, args));
  const { todo_id } = await call('create_todo', { project_id, title: content, priority: 5 });
  equal('get_next_todo: todo_id', (await call('get_next_todo', { project_id })).todo?.todo_id, todo_id);
  equal('update_todo_status: status', (await call('update_todo_status', { todo_id, status: 'completed' })).status, 'completed');
  const listed = await call('list_todos', { project_id, status: 'completed' });
  equal('list_todos: status', listed.todos?.find((todo) => todo.todo_id === todo_id)?.status, 'completed');
}

/** Has this folder indexed and asked; the SDK checks each answer against the schema the tool publishes. */
export async function code(session, project_id) {
  if (!CODE_TREE) return;
  const call = async (name, args) => envelope(name, await session.call(name, { project_id, ...args }));
  const done = await call('analyze_codebase', { project_name: 'peers', project_path: CODE_TREE });
  if (!(done.stats.total_files > 5)) equal('analyze_codebase: files', done.stats.total_files, 'more than five');
  const traced = await call('trace_function_calls', { function_name: 'memory', direction: 'both', depth: 2 });
  const called = traced.call_tree.map((step) => step.name);
  if (!called.includes('envelope')) equal('trace_function_calls: what memory calls', called, ['envelope']);
  const asked = [
    ['query_architecture', {}], ['list_modules', {}], ['find_entity', { entity_name: 'envelope', include_source: true }],
    ['find_dependencies', { entity_name: 'envelope' }], ['explain_module', { file_path: 'scenario.mjs' }],
    ['get_file_outline', { file_path: 'scenario.py' }], ['explore_code', { question: 'how is a memory stored?' }],
    ['search_code_pattern', { pattern: 'calls_function', target: 'envelope' }],
  ];
  for (const [name, args] of asked) await call(name, args);
}

/** A session over a TypeScript SDK client; both majors have the methods used here. */
export async function sdkSession(client, transport) {
  let revision;
  const tell = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => { revision = version; tell?.(version); };
  await client.connect(transport);
  return {
    revision: () => revision ?? client.getNegotiatedProtocolVersion?.(),
    async listTools() {
      const names = [];
      for (let cursor; ; ) {
        const page = await client.listTools({ cursor });
        names.push(...page.tools.map((tool) => tool.name));
        if (!(cursor = page.nextCursor)) return names;
      }
    },
    call: (name, args) => client.callTool({ name, arguments: args }),
    async close() {
      if (transport.sessionId) await transport.terminateSession();
      await client.close();
    },
  };
}

/** Transport parameters for "words as a shell reads them". */
export const stdioCommand = { command: 'bash', args: ['-c', `exec ${MCPD_STDIO}`] };

/** Runs `{ client, transport, revision, open }` each, where its transport is configured; then exits. */
export async function main(runs, steps = [memory, todos, code]) {
  let running = '';
  setTimeout(() => end(`${running}: not done after ${TIMEOUT / 1000} s`), TIMEOUT).unref();
  const wanted = runs.filter(({ transport }) => (transport === 'stdio' ? MCPD_STDIO : MCPD_URL));
  if (!wanted.length || !PROJECT) end('not configured: set PROJECT, and MCPD_URL with MCPD_KEY, or MCPD_STDIO');
  for (const { client, transport, revision, open } of wanted) {
    running = `${client} ${transport}`;
    try {
      const session = await open();
      try {
        for (const step of steps) await step(session, `${PROJECT}-${client}-${transport}`);
        equal('negotiated revision', session.revision(), revision);
        console.log(`ok ${running} ${revision < '2026' ? 'legacy' : 'modern'}/${revision}`);
      } finally {
        await session.close();
      }
    } catch (error) {
      process.exitCode = 1;
      console.log(`FAILED ${running}: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
    }
  }
  process.exit();
}

export function parse(text) {
  try { return JSON.parse(text); } catch { return text; }
}

function end(why) {
  console.log(`FAILED ${why}`);
  process.exit(1);
}
