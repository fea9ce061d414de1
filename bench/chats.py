"""What benchmarks of chats have in common: the question, the agent that is asked, and how its figures are written."""

from __future__ import annotations

import json
import os

CHAT = "/v1/chat/completions"
TURN = {"model": "fake", "messages": [{"role": "user", "content": "hello"}]}
ASK = json.dumps(TURN)
ASK_STREAM = json.dumps(TURN | {"stream": True})


def environment(model_url: str) -> dict[str, str]:
    """Nothing but what declares the agent: the rest are the defaults that users get."""
    return {"PATH": os.environ["PATH"], "AGENT_NAME": "bench", "MODEL_API_URL": model_url, "MODEL_NAME": "fake"}


def per_second(rate: float) -> str:
    return f"{rate:,.0f} /s".replace(",", " ")


def clients_text(clients: int) -> str:
    return f"{clients} client{'' if clients == 1 else 's'}"
