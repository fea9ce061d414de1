"""A model over HTTP that knows nothing but what it is told: its answer repeats every mark of the conversation.

So an answer that has been mixed up with another's shows it. The last thing the user says may ask for something: `use
TOOL` is one call of that tool, `ask AGENT: TASK` a delegation. Run as a program it says where it listens.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaos.marks import marks_in

PAUSE = 0.004  # between the words of a stream
LONGEST = 16 * 1024 * 1024


def text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message that follows."""
    messages: Sequence[Mapping[str, Any]] = body["messages"]
    asked = max(at for at, message in enumerate(messages) if message["role"] == "user")
    wish = text_of(messages[asked])
    results = [text_of(message) for message in messages[asked:] if message["role"] == "tool"]
    if not results and (call := wanted_call(wish, {tool["function"]["name"] for tool in body.get("tools", [])})):
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    known = [one for message in messages for one in marks_in(text_of(message)) if message["role"] != "system"]
    return {"role": "assistant", "content": " ".join(["heard", *dict.fromkeys(known), *(f"({r})" for r in results)])}


def wanted_call(wish: str, tools: set[str]) -> dict[str, Any] | None:
    head, _, wanted = wish.partition(" ")
    verb, _, rest = wanted.partition(" ")
    if verb == "use":
        name, arguments = rest.split(" ")[0], {"text": head}
    elif verb == "ask":
        agent, _, task = rest.partition(": ")
        name, arguments = f"delegate_to_{agent}", {"task": f"{head} {task}"}
    else:
        return None
    if name not in tools:  # its server is away
        return None
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def whole(message: Mapping[str, Any]) -> bytes:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "echo",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return json.dumps(body).encode()


def pieces(message: Mapping[str, Any]) -> Iterator[bytes]:
    def event(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "echo", "choices": [choice]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    if calls := message.get("tool_calls"):
        yield event({"role": "assistant", "tool_calls": [{"index": 0, **calls[0]}]}) + event({}, "tool_calls")
    else:
        for word in message["content"].split(" "):
            yield event({"content": word + " "})
        yield event({}, "stop")
    yield b"data: [DONE]\n\n"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), ":0")
            body = await reader.readexactly(min(int(length.partition(":")[2]), LONGEST))
            await (reply(writer, json.loads(body)) if body else say(writer, b"{}"))
    except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, KeyError):
        pass  # whoever it was has gone, or did not speak clearly
    finally:
        writer.close()


async def say(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


async def reply(writer: asyncio.StreamWriter, body: Mapping[str, Any]) -> None:
    message = answer(body)
    await (stream(writer, message) if body.get("stream") else say(writer, whole(message)))


async def stream(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces(message):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(PAUSE)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
