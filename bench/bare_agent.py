"""What a bare pydantic-ai agent does against a model: the yardstick B of docs/performance.md.

Runs `Agent.run` with the library's own openai client from N tasks at once for some seconds and prints one JSON object.
Started by `bench/chat` with an interpreter that can import pydantic-ai.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import pydantic_ai
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="of the model's server, without /v1")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    runs = asyncio.run(count_runs(arguments))
    print(json.dumps({"version": pydantic_ai.__version__, "per_second": runs / arguments.seconds}))


async def count_runs(arguments: argparse.Namespace) -> int:
    """Runs that ended between the warm-up and the end."""
    provider = OpenAIProvider(base_url=f"{arguments.url}/v1", api_key="not-needed")
    agent = Agent(OpenAIChatModel("fake", provider=provider), instructions="You are a helpful assistant.")
    counting_from = time.monotonic() + arguments.warm_up
    end = counting_from + arguments.seconds
    runs = 0

    async def ask_until_the_end() -> None:
        nonlocal runs
        while time.monotonic() < end:
            await agent.run("hello")
            runs += counting_from <= time.monotonic() < end

    await asyncio.gather(*(ask_until_the_end() for _ in range(arguments.clients)))
    return runs


if __name__ == "__main__":
    main()
