"""A reader who does what a page says, block by block.

- `sh`, `bash`, indented: run by bash, which has to end with 0, or with the word `fails` behind the fence with something
  else. Variables and the folder stay for the next block, as in a terminal. A command that serves goes on until the page
  ends, or until another serves at that port.
- `text`: what the commands before it print: these lines in this order, among others; `…` stands for anything. With the
  word `log`: what the server says that runs.
- `python` that begins with `# name.py`: becomes that file. A `server.py` that no command serves is served and asked,
  and `test_….py` are run by pytest. Other `python` is run.
- `json`, `jsonl`, `yaml`, `toml`: parsed. `ini`: variables, each of which is in the table of settings.
- without a kind: a drawing, which has lines of boxes or arrows in it.

What the page calls `127.0.0.1:8000` is where the server really listens. A page that starts none, or speaks of `$URL`,
is given one that runs already, with a session `monday`; those that `pais sessions` is asked for are there as well. A
model at Ollama's port is ours. A `server.py` that the page does not show is that of examples/tools.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import yaml

import wire
from docs.commands import Step, steps_of
from docs.page import COMMANDS, Block, blocks_of
from fake_model import FakeModel, says
from host import RunningHost, host_under_test
from until import eventually, until

ROOT = Path(__file__).parents[3]
CLOCK = ROOT / "examples" / "tools" / "server.py"
PATIENCE = 60.0
LONGEST = 3000  # of what a failure says
ADDRESS = re.compile(r"\b(127\.0\.0\.1:|localhost:|[Pp]ort )(\d+)\b")
OLLAMA = "11434"
FILE = re.compile(r"# (\w+\.py)\n")
DRAWN = re.compile(r"[─│└→▼]")
SETTING = re.compile(r"^\| `([^`]+)`", re.MULTILINE)
CURL = 'silent\nshow-error\nfail-with-body\nnoproxy = "*"\nwrite-out = "\\n"\n'
PYTEST = ("-m", "pytest", "--quiet", "-p", "no:cacheprovider")
PYTEST_LEAVE = "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning"


class Reader:
    """In `folder`, where it leaves what the page makes. `close` ends what is still running: `hosts`, by their ports."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._open = ExitStack()
        self._folder = folder
        self._shell = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PWD": str(folder),
            "LANG": "C.UTF-8",
            "PAIS_DRAIN_DELAY_SECONDS": "0",
            "PORT": str(free_port()),
            **(environment or {}),
        }
        (folder / ".curlrc").write_text(CURL)
        self._state = folder / ".state"
        self._ports: dict[str, str] = {}
        self.hosts: dict[str, RunningHost] = {}
        self._files: set[str] = set()
        self._typed = ""
        self._printed: list[str] = []
        self._log: list[str] = []

    def read(self, page: Path) -> None:
        for block in blocks_of(page.read_text(encoding="utf-8")):
            with place(page, block.line):
                self._do(block)
        with place(page, 1):
            self._finish()

    def close(self) -> None:
        hosts = [*self.hosts.values()]
        self.hosts.clear()
        self._open.close()
        end(hosts)

    # ----------------------------------------------------------------------------------------------------- the kinds

    def _do(self, block: Block) -> None:
        if block.reason:
            return
        if block.kind == COMMANDS:
            self._type(block)
        elif block.kind == "python":
            self._python(block.text)
        else:
            self._look_at(block)

    def _look_at(self, block: Block) -> None:
        match block.kind:
            case "text":
                self._expect(self._mapped(block.text), self._log if "log" in block.words else self._printed)
            case "json":
                json.loads(block.text)
            case "jsonl":
                for line in block.text.splitlines():
                    json.loads(line)
            case "yaml":
                assert [*yaml.safe_load_all(block.text)]
            case "toml":
                tomllib.loads(block.text)
            case "ini":
                refuse_unknown_settings(block.text)
            case "":
                assert DRAWN.search(block.text), "this fence does not say what is in it, and is no drawing"
            case kind:
                raise AssertionError(f"nobody knows what to do with a block of kind {kind}; say why it is not run")

    def _python(self, text: str) -> None:
        if named := FILE.match(text):
            (Path(self._shell["PWD"]) / named[1]).write_text(text, encoding="utf-8")
            self._files.add(named[1])
            return
        self._run([sys.executable, "-c", self._mapped(text)])

    def _finish(self) -> None:
        if "server.py" in self._files and "server.py" not in self._typed:
            (step,) = steps_of("pais run server.py")
            self._serve(step)
            assert wire.ask(self.hosts[step.port].url, "Hello")
        if any(name.startswith("test_") for name in self._files):
            self._run([sys.executable, *PYTEST, "-W", PYTEST_LEAVE])

    # -------------------------------------------------------------------------------------------------- the terminal

    def _type(self, block: Block) -> None:
        self._typed += block.text
        if "server.py" in block.text and not (clock := Path(self._shell["PWD"]) / "server.py").exists():
            shutil.copy(CLOCK, clock)
        fails = "fails" in block.words
        if "$URL" in block.text:
            self._shell["URL"] = f"http://127.0.0.1:{self._port('8000')}"
        if "pais sessions" in block.text:
            self._begin(*re.findall(r" (\w+day)\b", block.text))
        for step in steps_of(block.text, all_end=fails):
            if step.server:
                self._serve(step)
            else:
                self._run(self._bash(step), fails=fails)

    def _bash(self, step: Step) -> list[str]:
        """Another one for each step, which hands on what a terminal would know."""
        last = step.server or "exit $ended"
        script = f"{step.script}\nended=$?\nenv -0 >{self._state}\n{last}"
        return ["bash", "-euo", "pipefail", "-c", self._mapped(script)]

    def _run(self, command: list[str], *, fails: bool = False) -> None:
        ended = subprocess.run(
            command,
            cwd=self._shell["PWD"],
            env=self._shell,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self._printed = ended.stdout.splitlines()
        assert (ended.returncode != 0) == fails, f"it ended with {ended.returncode} and said:\n{ended.stdout}"
        self._look_up_the_shell()

    def _serve(self, step: Step) -> None:
        if before := self.hosts.pop(step.port, None):
            end([before])
        host = RunningHost(self._bash(step), self._shell, Path(self._shell["PWD"]))
        self.hosts[step.port] = host
        host.wait_until_listening()
        self._ports[step.port] = host.url.rpartition(":")[2]
        self._printed = self._log = host.output
        eventually(lambda: not is_starting(host), "the agent has been loaded")
        self._look_up_the_shell()

    def _look_up_the_shell(self) -> None:
        if self._state.exists():
            self._shell = dict(line.split("=", 1) for line in self._state.read_text().split("\0") if line)
            self._state.unlink()

    def _expect(self, text: str, printed: list[str]) -> None:
        wanted = [line.strip() for line in text.splitlines() if line.strip() not in ("", "…")]
        goes_on = printed is self._log
        there = until(lambda: are_among(wanted, printed)) if goes_on else are_among(wanted, printed)
        assert there, f"it did not print\n{text}\nIt said:\n" + "\n".join(printed)

    # --------------------------------------------------------------------------------------------------- the places

    def _mapped(self, text: str) -> str:
        return ADDRESS.sub(self._really, text)

    def _really(self, named: re.Match[str]) -> str:
        place, port = named.groups()
        return place + (self._port(port) if place.endswith(":") else self._ports.get(port, port))

    def _port(self, port: str) -> str:
        if port not in self._ports and port == OLLAMA:
            self._ports[port] = self._open_model()
        if port not in self._ports and port == "8000":
            self._open_stand_in()
        return self._ports.get(port, port)

    def _open_model(self) -> str:
        model = FakeModel()
        self._open.callback(model.stop)
        model.always(says("Certainly."))
        return model.url.rpartition(":")[2]

    def _open_stand_in(self) -> None:
        words = ["--port", "0", "--mock", "Certainly."]
        host = RunningHost([host_under_test(), *words], STAND_IN, self._folder)
        self.hosts["8000"] = host
        host.wait_until_listening()
        self._ports["8000"] = host.url.rpartition(":")[2]
        self._begin("monday")

    def _begin(self, *sessions: str) -> None:
        for session in sessions:
            body = {"session_id": session, "messages": [{"role": "user", "content": "Good morning"}]}
            url = f"http://127.0.0.1:{self._port('8000')}/v1/chat/completions"
            assert wire.post(url, body)["id"] == session


STAND_IN: Mapping[str, str] = {"AGENT_NAME": "poet", "PAIS_METRICS": "true"}


@contextmanager
def place(page: Path, line: int) -> Iterator[None]:
    """What fails in it says so, with the place in the page."""
    try:
        yield
    except Exception as failure:
        name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name
        raise AssertionError(f"{name}:{line}: {(str(failure) or repr(failure))[:LONGEST]}") from None


def end(hosts: list[RunningHost]) -> None:
    """Politely, as all but uvicorn do in return, which dies of the signal when it is done."""
    for host in hosts:
        host.ask_to_end()
    for code, host in [(host.stop(), host) for host in hosts]:
        assert code in (0, -signal.SIGTERM), f"a server of the page ended with {code}:\n" + "\n".join(host.output[-20:])


def is_starting(host: RunningHost) -> bool:
    """Asked of the probe, which answers 503 for other reasons as well."""
    assert host.process.poll() is None, "it ended. It said:\n" + "\n".join(host.output)
    answer = subprocess.run(
        ["curl", "--silent", "--noproxy", "*", f"{host.url}/ready"], capture_output=True, text=True, check=False
    )
    return '"starting"' in answer.stdout


def are_among(wanted: list[str], printed: list[str]) -> bool:
    lines = iter([*printed])
    return all(any(is_like(line.strip(), pattern) for line in lines) for pattern in wanted)


def is_like(line: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None


def settings() -> re.Pattern[str]:
    """Every name in the table of settings; what stands in `<>` there is one's own to choose."""
    names = SETTING.findall((ROOT / "docs" / "configuration.md").read_text(encoding="utf-8"))
    return re.compile("|".join(re.sub(r"<\w+>", r"[\\w-]+", name) for name in names))


def refuse_unknown_settings(text: str) -> None:
    known = settings()
    for line in text.splitlines():
        name = line.removeprefix("export ").partition("=")[0].strip()
        assert not name or name.startswith("#") or known.fullmatch(name), f"{name} is no setting"


def free_port() -> int:
    """For servers that cannot be given port 0. It lies below those that the kernel hands out by itself."""
    while True:
        port = Random().randrange(15000, 32000)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
