"""HTTP by hand: requests as bytes, one connection that is kept, answers read whole."""

import json
import socket

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
BOTH = "application/json, text/event-stream"
STREAM = "text/event-stream"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
MARK = 10000000


class Shape:
    """One kind of request: method, era, session or none, what the client accepts."""

    def __init__(self, method, params=None, *, modern=False, accept=BOTH, sessions=0):
        self.method, self.params = method, dict(params or {})
        self.modern, self.accept, self.sessions = modern, accept, sessions
        if modern:
            self.params["_meta"] = META

    def body(self):
        """Returns what stands before and after the id."""
        message = {"jsonrpc": "2.0", "id": MARK, "method": self.method, "params": self.params}
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        before, after = text.split(str(MARK), 1)
        return before, after

    def head(self, server, session=None):
        before, after = self.body()
        headers = {
            "Host": server.host,
            "Authorization": f"Bearer {server.key}",
            "Content-Type": "application/json",
            "Accept": self.accept,
            "MCP-Protocol-Version": MODERN if self.modern else LEGACY,
            "Content-Length": str(len((before + str(MARK) + after).encode())),
        }
        if self.modern:
            headers["Mcp-Method"] = self.method
            if "name" in self.params:
                headers["Mcp-Name"] = self.params["name"]
        if session:
            headers["Mcp-Session-Id"] = session
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        return "POST /mcp HTTP/1.1\r\n" + "".join(lines) + "\r\n"

    def once(self, server, session=None):
        """Returns one request as bytes."""
        before, after = self.body()
        return (self.head(server, session) + before + str(MARK) + after).encode()


class Line:
    """A connection to a server."""

    def __init__(self, server):
        host, port = server.host.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def more(self):
        received = self.socket.recv(1 << 20)
        if not received:
            raise ConnectionError("the server hung up")
        self.rest += received

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(first.split()[1]), headers, len(head) + 4

    def take(self, count):
        while len(self.rest) < count:
            self.more()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def ask(self, request):
        """Returns status, headers, body and the size of the whole answer on the wire."""
        self.socket.sendall(request)
        status, headers, size = self.head()
        if "content-length" in headers:
            body = self.take(int(headers["content-length"]))
            return status, headers, body, size + len(body)
        if headers.get("transfer-encoding") != "chunked":
            return status, headers, b"", size
        body = b""
        while True:
            while b"\r\n" not in self.rest:
                self.more()
            line, self.rest = self.rest.split(b"\r\n", 1)
            chunk = self.take(int(line, 16) + 2)[:-2]
            size += len(line) + 4 + len(chunk)
            if not chunk:
                return status, headers, body, size
            body += chunk

    def close(self):
        self.socket.close()


def message(body):
    """Returns the JSON-RPC message of an answer, be it JSON or a stream."""
    text = body.decode()
    if text.startswith("{"):
        return json.loads(text)
    data = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    return json.loads([line for line in data if line][-1])


def result(body):
    """Returns the result of a JSON answer as the text it was sent as."""
    text = body.decode()
    return text[text.index('"result":') + len('"result":'):-1]


def ask(server, shape, session=None):
    """Asks once on a connection of its own; anything but a good answer is the end."""
    line = Line(server)
    try:
        status, headers, body, size = line.ask(shape.once(server, session))
    finally:
        line.close()
    if status != 200:
        raise RuntimeError(f"{server.name} answers {shape.method} with {status}: {body[:300]!r}")
    answer = message(body)
    if "result" not in answer or answer["result"].get("isError"):
        raise RuntimeError(f"{server.name} answers {shape.method} with {str(answer)[:300]}")
    return headers, body, size


def tool(server, name, **arguments):
    """Calls a tool and returns its structured result."""
    _, body, _ = ask(server, Shape("tools/call", {"name": name, "arguments": arguments}))
    return message(body)["result"].get("structuredContent")


def session(server):
    """Opens a session and returns its id."""
    client = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    headers, _, _ = ask(server, Shape("initialize", client))
    opened = headers["mcp-session-id"]
    shape = Shape("notifications/initialized")
    body = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    head = "\r\n".join(line if not line.startswith("Content-Length") else f"Content-Length: {len(body)}"
                       for line in shape.head(server, opened).split("\r\n"))
    line = Line(server)
    status, *_ = line.ask(head.encode() + body)
    line.close()
    if status != 202:
        raise RuntimeError(f"{server.name} answers notifications/initialized with {status}")
    return opened
