"""LiteLLM's proxy between the agent and the model."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import Call, FakeModel, Usage, calls, fails, says
from peers import peer_program

RUNNING = re.compile(r"Uvicorn running on (http://\S+)")
PATIENCE = 120.0  # it imports half the world


LITELLM = peer_program("litellm", "litellm")

pytestmark = pytest.mark.skipif(not LITELLM.is_file(), reason="LiteLLM could not be installed here; see scripts/test")


class Proxy:
    def __init__(self, model_url: str, key: str, folder: Path) -> None:
        config = folder / "config.yaml"  # YAML takes JSON
        model = {"model": "openai/fake-1", "api_base": model_url + "/v1", "api_key": "none", "max_retries": 0}
        config.write_text(
            json.dumps(
                {
                    "model_list": [{"model_name": "fake-1", "litellm_params": model}],
                    "router_settings": {"num_retries": 0, "disable_cooldowns": True},
                }
            )
        )
        self.url = ""
        self.output: list[str] = []
        self._running = threading.Event()
        self._process = subprocess.Popen(
            [str(LITELLM), "--config", str(config), "--host", "127.0.0.1", "--port", "0"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_TELEMETRY": "False",
                "LITELLM_MASTER_KEY": key,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line.rstrip())
            if found := RUNNING.search(line):
                self.url = found[1]
                self._running.set()
        self._running.set()

    def wait_until_running(self) -> None:
        self._running.wait(PATIENCE)
        assert self.url, "LiteLLM did not start. It said:\n" + "\n".join(self.output)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeModel, Proxy, str]]:
    model = FakeModel()
    key = "sk-" + secrets.token_hex(32)
    proxy = Proxy(model.url, key, tmp_path_factory.mktemp("litellm"))
    try:
        proxy.wait_until_running()
        yield model, proxy, key
    finally:
        model.forget()
        proxy.stop()
        model.stop()


def test_the_agent_works_through_the_proxy(agents: Agents, proxied: tuple[FakeModel, Proxy, str], session: str) -> None:
    model, proxy, key = proxied
    agent: Agent = agents(MODEL_API_URL=proxy.url, MODEL_API_KEY=key)

    model.will(says("It is 3.", usage=Usage(11, 4)))
    plain = agent.chat("1+2?", session_id=session)
    assert plain.text == "It is 3."
    assert plain.json["usage"]["total_tokens"] == 15

    held = model.gate()
    model.will(says("It", held, " is", " 7."))
    asking = agent.ask("3+4?", session_id=session, stream=True, stream_options={"include_usage": True})
    assert asking.next_content() == "It"
    held.open()
    streamed = asking.rest()
    assert streamed.contents == [" is", " 7."]
    assert streamed.finish_reasons == ["stop"]
    assert model.last.conversation == [("user", "1+2?"), ("assistant", "It is 3."), ("user", "3+4?")]

    for stream in (False, True):
        model.will(calls(Call("a", '{"x":1}', "c1"), Call("b", "{}", "c2")), says("done"))
        assert agent.ask("go", stream=stream).answer().status == 200
        assert [each["role"] for each in model.last.messages[-4:]] == ["user", "assistant", "tool", "tool"]

    model.will(fails(401))
    assert agent.chat("go").refusal == (502, "model_rejected")
