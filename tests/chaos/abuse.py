"""What strangers send that is not HTTP, not quite, or too much. Each is refused with an error in JSON."""

from __future__ import annotations

import json
import socket

PATIENCE = 10.0
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = CHAT + b"Transfer-Encoding: chunked\r\n\r\n"


def get(target: bytes = b"/health", lines: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET " + target + b" " + version + b"\r\nHost: localhost\r\n" + lines + b"\r\n"


def chat(body: bytes) -> bytes:
    return CHAT + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


TABLE: dict[str, tuple[bytes, int]] = {
    "NULs": (b"\0" * 64, 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /health\r\n\r\n", 400),
    "another version": (get(version=b"HTTP/1.2"), 400),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a method that nobody knows": (b"BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    "a target without end": (get(b"/" + b"a" * 9000), 414),
    "a path that is spelt otherwise": (get(b"/%68ealth"), 404),
    "dots": (get(b"/x/../health"), 404),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two hosts": (get(lines=b"Host: evil.example\r\n"), 400),
    "a foreign host": (b"GET /ready HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "a foreign origin": (get(b"/v1/models", b"Origin: https://evil.example\r\n"), 403),
    "a header without a colon": (get(lines=b"X\r\n"), 400),
    "a folded header": (get(lines=b"X: a\r\n b\r\n"), 400),
    "a NUL in a header": (get(lines=b"X: a\0b\r\n"), 400),
    "bare LFs": (b"GET /health HTTP/1.1\nHost: localhost\n\n", 400),
    "a thousand headers": (get(lines=b"a: b\r\n" * 1000), 431),
    "a long header": (get(lines=b"X: " + b"a" * 40000 + b"\r\n"), 431),
    "a length below zero": (CHAT + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (CHAT + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a length and chunks": (CHAT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (CHAT + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip": (CHAT + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "a chunk of no size": (CHUNKED + b"zz\r\n", 400),
    "a chunk that is longer": (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", 400),
    "a body that is announced and huge": (CHAT + b"Content-Length: 99999999999\r\n\r\n", 413),
    "one huge chunk": (CHUNKED + b"fffffffffff\r\n", 413),
    "no JSON": (chat(b"hello"), 400),
    "JSON that does not end": (chat(b'{"messages": ['), 400),
    "deep JSON": (chat(b'{"messages": ' + b"[" * 100000 + b"]" * 100000 + b"}"), 400),
    "bytes that are no UTF-8": (chat(b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}'), 400),
    "no messages": (chat(b"{}"), 400),
    "a number as messages": (chat(b'{"messages": 1e999}'), 400),
    "a session of control characters": (
        chat(b'{"session_id": "a\\u0000b", "messages": [{"role":"user","content":"x"}]}'),
        400,
    ),
    "a deletion of nothing": (b"DELETE /memory/sessions/never-was HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
}


def wrong_answers(port: int) -> list[str]:
    """Which of the table were not answered as they must be."""
    found = []
    for name, (request, status) in TABLE.items():
        answer = exchange(port, request)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 %d " % status):
            found.append(f"{name} is answered {head[:40]!r}, not {status}")
        elif not is_error(body):
            found.append(f"{name} is answered {status} without a clear error: {body[:80]!r}")
    return found


def exchange(port: int, request: bytes) -> bytes:
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(request)
            while not is_whole(answer) and (piece := connection.recv(65536)):
                answer += piece
    except OSError as gone:
        return answer or str(gone).encode()
    return answer


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end and length and len(body) >= int(length[0].partition(b":")[2]))


def is_error(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return False
