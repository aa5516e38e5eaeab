// A loopback proxy that works on bytes, so that nothing but what `edit` does to a request head is changed:
// Host, Origin, spaces and the case of names go through, and answers stream.
import { connect, createServer } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** Listens on a free port for `target`; `edit(lines)` may change the header lines of a request. */
export async function startProxy(target, edit = (lines) => lines) {
  const { protocol, hostname, port, host, pathname } = new URL(target);
  const server = createServer((client) => {
    const upstream = (protocol === 'https:' ? connectSecurely : connect)(port, hostname);
    upstream.on('error', () => client.destroy());
    // An answer that says its length is whole when it has it: the client closes. Told of an end while it has yet to read a
    // long one, the fetch of Node.js fails an assertion.
    let sized = false;
    upstream.on('close', () => (sized ? setTimeout(() => client.destroySoon(), 20_000).unref() : client.destroySoon()));
    client.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    const own = new RegExp(`^((?:host|origin): *(?:http://)?)(?:127\\.0\\.0\\.1|localhost):${server.address().port}$`, 'i');
    relay(client, upstream, (lines) => edit(lines.map((line) => line.replace(own, `$1${host}`))));
    relay(upstream, client, (lines) => {
      sized = lines.some((line) => /^content-length: *[1-9]/i.test(line));
      return lines;
    }, { end: false });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}${pathname}`, close: () => server.close() };
}

/** A proxy that only watches: `revision()` is what the last request with a version header named. */
export async function startWatcher(target) {
  let revision;
  const proxy = await startProxy(target, (lines) => {
    for (const line of lines) revision = /^mcp-protocol-version: *(.*?) *$/i.exec(line)?.[1] ?? revision;
    return lines;
  });
  return { ...proxy, revision: () => revision };
}

/** One message: its head edited, the rest as it comes. One request a connection: the next has a head to edit too. */
function relay(from, to, edit, piped = {}) {
  let head = Buffer.alloc(0);
  from.on('data', function onData(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    from.off('data', onData);
    const [first, ...lines] = head.toString('latin1', 0, end).split('\r\n');
    const kept = edit(lines.filter((line) => !/^(connection|keep-alive):/i.test(line)));
    to.write([first, ...kept, 'Connection: close', '', ''].join('\r\n'), 'latin1');
    to.write(head.subarray(end + 4));
    from.pipe(to, piped);
  });
}
