"""What a bare pydantic-ai agent does against a model: the yardstick B of docs/performance.md.

Runs `Agent.run` with the library's own openai client from N tasks at once for some seconds and prints one JSON object.
With `--function-model` no model server is asked: the answer comes from a function of the same process.
Started by `bench/chat` and `bench/python` with an interpreter that can import pydantic-ai.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from importlib.metadata import PackageNotFoundError, version

import pydantic_ai
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--url", help="of the model's server, without /v1")
    asked.add_argument("--function-model", action="store_true", help="answer in this process")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    runs = asyncio.run(count_runs(arguments))
    figures = {"version": pydantic_ai.__version__, "loop": loop_of_hosts(), "per_second": runs / arguments.seconds}
    print(json.dumps(figures))


def loop_of_hosts() -> str:
    """What `pais run` lives on with this interpreter; the bare agent always has asyncio's own."""
    try:
        return f"uvloop {version('uvloop')}"
    except PackageNotFoundError:
        return "no uvloop"


async def count_runs(arguments: argparse.Namespace) -> int:
    """Runs that ended between the warm-up and the end."""
    model = function_model() if arguments.function_model else openai_model(arguments.url)
    agent = Agent(model, instructions="You are a helpful assistant.")
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


def openai_model(url: str) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel("fake", provider=OpenAIProvider(base_url=f"{url}/v1", api_key="not-needed"))


def function_model() -> Model:
    async def answer(*_: object) -> ModelResponse:
        return ModelResponse(parts=[TextPart("Hello! How can I help you today?")])

    return FunctionModel(answer)


if __name__ == "__main__":
    main()
