"""The plainest of clients: the standard library's, past any proxy."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str) -> Any:
    with _OPENER.open(url, timeout=30) as answer:
        return json.load(answer)


def post(url: str, body: object) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with _OPENER.open(request, timeout=30) as answer:
        return json.load(answer)


def ask(url: str, question: str) -> str:
    """One question to the chat API, and the text of its answer."""
    body = {"model": "agent", "messages": [{"role": "user", "content": question}]}
    answer = post(f"{url}/v1/chat/completions", body)
    text = answer["choices"][0]["message"]["content"]
    assert isinstance(text, str)
    return text
