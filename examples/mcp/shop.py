"""A small MCP server: one tool over streamable HTTP, written with nothing but Python itself.

In earnest you would write it with the package `mcp` or `fastmcp`; what goes over the wire is this.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRICES = {"tea": 3, "coffee": 4}
TOOL = {
    "name": "price",
    "description": "What an item costs, in euros.",
    "inputSchema": {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]},
}


def call(item):
    is_known = item in PRICES
    text = str(PRICES[item]) if is_known else f"There is no {item}, only {', '.join(PRICES)}."
    return {"content": [{"type": "text", "text": text}], "isError": not is_known}


def answer(method, params):
    match method:
        case "initialize":
            info = {"name": "shop", "version": "1"}
            return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            return call(params["arguments"]["item"])
        case "ping":
            return {}
    return None


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in asked:  # a notification
            self.reply(202, b"")
            return
        result = answer(asked["method"], asked.get("params", {}))
        outcome = {"result": result} if result is not None else {"error": {"code": -32601, "message": "Unknown method"}}
        self.reply(200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], **outcome}).encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Shop)
print(f"The shop is at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
