from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

class BuildInfo(TypedDict):
    version: str
    compiler: str
    build_type: str

def version() -> str:
    """The version the core was built as."""

def build_info() -> BuildInfo:
    """How the core was built: version, compiler, build_type."""

def log_error(text: str) -> None:
    """Writes an ERROR line to the host's log."""

def log_warning(text: str) -> None:
    """Writes a WARNING line to the host's log."""

def log_info(text: str) -> None:
    """Writes an INFO line to the host's log."""

class RunBegins:
    """A turn that the loop is to run."""

    @property
    def run(self) -> int: ...
    @property
    def session_id(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def images(self) -> list[str]: ...
    @property
    def history(self) -> list[tuple[bool, str]]:
        """Whether the user said it, and what was said."""

    @property
    def stream(self) -> bool: ...
    @property
    def extra_instructions(self) -> str: ...
    @property
    def model_settings(self) -> dict[str, Any]:
        """What the client asked for, by pydantic-ai's names."""

    @property
    def is_traced(self) -> bool: ...
    @property
    def callers_trace(self) -> tuple[str, str]:
        """`traceparent` and `tracestate` of who asked; "" for none."""

    @property
    def most_steps(self) -> int: ...
    @property
    def most_tokens(self) -> int: ...
    @property
    def most_tool_calls(self) -> int: ...

class RunIsCancelled:
    @property
    def run(self) -> int: ...

class ModelSays:
    """More of an answer that is streamed."""

    @property
    def call(self) -> int: ...
    @property
    def piece(self) -> str: ...
    @property
    def thinking(self) -> bool: ...

class ModelAnswers:
    """A whole answer, or the error that came instead: what is there depends on `ok`."""

    @property
    def call(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def thinking(self) -> str: ...
    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """Id, tool and arguments, these as JSON text."""

    @property
    def finish(self) -> Literal["stop", "length", "content_filter"]: ...
    @property
    def model(self) -> str: ...
    @property
    def usage(self) -> tuple[int, int, int]:
        """Tokens in, tokens out, and those of the input that were cached."""

    @property
    def error_code(self) -> str: ...
    @property
    def error_cause(self) -> str: ...
    @property
    def upstream_status(self) -> int | None: ...
    @property
    def retry_after(self) -> int | None: ...

class ToolAnswers:
    """What came of a call of one of the host's tools: what is there depends on `ok`."""

    @property
    def call(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def content(self) -> str: ...
    @property
    def wants_retry(self) -> bool:
        """The model called it wrongly, and may try again."""

    @property
    def error_code(self) -> str: ...
    @property
    def error_cause(self) -> str: ...

class Facts(TypedDict):
    name: str
    model: str
    memory: str
    auth: bool
    mcp_servers: list[str]
    sub_agents: list[str]
    has_tools: bool
    tool_retries: int
    tool_timeout: float  # seconds, 0: none
    tool_result_max_bytes: int
    max_steps: int
    stream_intermediate: bool

class Instrument:
    def record(self, value: float, attributes: dict[str, Any]) -> None: ...
    def observe(self, total: float, attributes: dict[str, Any]) -> None: ...

class Signals:
    """Where telemetry of Python code goes. Times are nanoseconds; ids follow each other in one string of bytes."""

    @property
    def is_open(self) -> bool: ...
    @property
    def content(self) -> bool:
        """Whether prompts, answers, arguments and results may be told."""

    @property
    def version(self) -> int: ...
    def keeps(self, trace_id: bytes) -> bool:
        """Whether a trace that begins here is kept."""

    def span(
        self,
        scope: str,
        version: str,
        ids: bytes,
        state: str,
        name: str,
        kind: int,
        times: tuple[int, int],
        attributes: dict[str, Any],
        events: list[tuple[str, int, dict[str, Any]]],
        links: list[tuple[bytes, bytes, dict[str, Any]]],
        status: tuple[int, str],
    ) -> None: ...
    def record(
        self,
        scope: str,
        time: int,
        severity: int,
        severity_text: str,
        body: str,
        ids: bytes,
        attributes: dict[str, Any],
    ) -> None: ...
    def instrument(
        self, kind: str, name: str, unit: str, description: str, scope: tuple[str, str], bounds: list[float]
    ) -> Instrument: ...

class OwnSignals:
    """Telemetry of a process that serves nobody."""

    def __init__(self, variables: dict[str, str]) -> None: ...
    @property
    def signals(self) -> Signals | None: ...
    def flush(self, seconds: float) -> bool: ...

class Host:
    """One agent of Python on one HTTP server. No method but `start` and `drain` waits for anything."""

    def __init__(
        self,
        settings: Mapping[str, str],
        env_file: str = "",
        fallback_name: str = "",
        *,
        listens: bool = True,
        access_log: bool = True,
        store: Store | None = None,
    ) -> None:
        """Reads the settings, these before those of the environment; ValueError has one line for each that is bad."""

    def start(self) -> None:
        """Opens the memory and listens; turns that come wait for the agent. RuntimeError when that is not possible."""

    @property
    def url(self) -> str:
        """Where it listens; "" when it does not."""

    def agent_is_ready(self, own_tools: Sequence[tuple[str, str]], has_model: bool) -> None:
        """Turns are run from now on. Said again when the agent was loaded anew."""

    def adopt(self, socket: int) -> None:
        """Serves the other end of this socket, and closes it in every case."""

    def drain(self) -> None:
        """Ends politely; a second call, from another thread, ends the first at once."""

    @property
    def facts(self) -> Facts: ...
    @property
    def store(self) -> Store:
        """The memory it serves from, once it has been started."""

    @property
    def has_model(self) -> bool:
        """Whether the settings name a model, or a script."""

    @property
    def model_server(self) -> tuple[str, str] | None:
        """The base address of the model's API, and MODEL_API_KEY; None where no server is asked."""

    @property
    def runs(self) -> int:
        """How many are under way."""

    @property
    def descriptor(self) -> int:
        """Readable when `take` has something."""

    def take(self) -> list[RunBegins | RunIsCancelled | ModelSays | ModelAnswers | ToolAnswers]:
        """The messages since the last call."""

    def record(self) -> None:
        """Keeps what happens in the runs from now on, for `recorded`."""

    def recorded(self) -> list[dict[str, Any]]:
        """What has happened since the last call: run, session, what, and what belongs to that."""

    def next_call(self) -> int:
        """The number of a call to the model that is going to be made."""

    def ask(
        self,
        run: int,
        call: int,
        messages: Sequence[tuple[str, str, Sequence[str], Sequence[tuple[str, str, str]], str, str]],
        tools: Sequence[tuple[str, str, str, bool]],
        tool_required: bool,
        settings: Mapping[str, Any],
        stream: bool,
        span: bytes = b"",
    ) -> None:
        """Asks the run's model.

        A message is role, text, images, calls, and of a tool's the call's id and its name; a tool is name, description,
        the schema of its parameters, and whether calling it is how the agent answers. `span` is which span it shall be
        in the run's trace: its id and its parent's.
        """

    def inside(self, run: int, call_id: str) -> tuple[bytes, bytes, int, str] | None:
        """Where code of the run, or of a tool call in it, is: the ids of trace and span, flags, state. None where
        nobody follows the run."""

    def entered(self, run: int, call_id: str) -> None:
        """The tool call begins now, whenever it is told of."""

    def left(self, run: int, call_id: str) -> None: ...
    @property
    def signals(self) -> Signals | None:
        """Where telemetry of Python code goes; None while it is off."""

    def tools(self) -> list[tuple[str, str, str]] | None:
        """The host's tools: name, description, schema. None when they are those of the last call."""

    def call_tool(self, run: int, call: int, call_id: str, tool: str, arguments: str) -> None:
        """Calls one of the host's tools on behalf of the run; arguments are JSON text."""

    def drop(self, call: int) -> None:
        """Nobody waits for this answer any more."""

    def text(self, run: int, piece: str) -> None: ...
    def thinking(self, run: int, piece: str) -> None: ...
    def tool_requested(self, run: int, call_id: str, tool: str, arguments: str, step: int) -> None: ...
    def tool_ended(self, run: int, call_id: str, tool: str, result: str, is_json: bool, is_error: bool) -> None: ...
    def ended(
        self, run: int, text: str, finish: str, input_tokens: int, output_tokens: int, cached_tokens: int
    ) -> None: ...
    def failed(
        self,
        run: int,
        code: str,
        cause: str,
        param: str,
        upstream_status: int | None = None,
        retry_after: int | None = None,
        used: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """`used`: what the run has used up to its end, as `ModelAnswers.usage` tells it."""

    def exceeded(self, run: int, kind: str, limit: float, actual: float) -> None: ...

class MemoryUnavailable(RuntimeError):
    """The session memory cannot be reached, or has been closed."""

class Store:
    """A session memory. Every method waits for it, without the GIL; events are the JSON text of each.

    MemoryUnavailable when the store cannot be reached, ValueError for what it cannot take.
    """

    @staticmethod
    def null() -> Store:
        """Everything succeeds, nothing is kept."""

    @staticmethod
    def local(max_sessions: int, max_session_events: int, max_bytes: int, path: str) -> Store:
        """In this process; with a path, kept in a SQLite file."""

    @staticmethod
    def redis(
        url: str,
        prefix: str,
        agent: str,
        max_sessions: int,
        max_session_events: int,
        ttl_hours: float,
        ca_file: str,
    ) -> Store:
        """In a Redis, which need not be there yet."""

    @staticmethod
    def of_errands(errands: Errands) -> Store:
        """A memory written in Python, asked through errands."""

    def create_session(self, session_id: str, app_name: str, user_id: str) -> str: ...
    def get_or_create_session(self, session_id: str, app_name: str, user_id: str) -> str: ...
    def session(self, session_id: str) -> tuple[str, str, str, str] | None:
        """user_id, app_name, and when it was created and updated."""

    def add_events(self, session_id: str, events: list[str]) -> bool: ...
    def events(self, session_id: str, types: list[str], limit: int) -> list[str]:
        """The newest `limit` events (0: all) of these types (none: all), oldest first."""

    def history(self, session_id: str, limit: int) -> list[tuple[bool, str]]:
        """What was said in turns that went well: by the user?, and what."""

    def sessions(self, user_id: str | None) -> list[str]: ...
    def delete_session(self, session_id: str) -> bool: ...
    def stats(self) -> tuple[int, int]:
        """How many sessions, how many events."""

    def forget_older_than(self, hours: float) -> int: ...
    def close(self) -> None: ...

class Errands:
    """What the host asks of a memory written in Python. No method waits."""

    def __init__(self, patience_seconds: float = 10.0) -> None:
        """How long the host waits for an answer."""

    @property
    def descriptor(self) -> int:
        """Readable when `take` has something."""

    def take(self) -> list[tuple[int, bool, str, str]]:
        """Of each errand: its number, whether it is given up, the method, the arguments as a JSON array."""

    def done(self, number: int, value: str) -> None: ...
    def failed(self, number: int, cause: str) -> None: ...
    def open(self) -> None: ...
    def close(self) -> None: ...

def history_of(events: list[str], limit: int) -> list[tuple[bool, str]]:
    """What of these events is said to a model again."""

class HttpCall:
    """One HTTP request to be made: limits of 60 s and 16 MiB, no redirects."""

    def __init__(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes, timeout: float) -> None: ...
    def send(self) -> tuple[int, bytes, str, str]:
        """Makes the request; blocks, without the GIL. Status, body, and of a failure (status 0) its kind and cause."""

    def stream(self, sink: Callable[[bytes, bytes], bool]) -> tuple[int, bytes, str, str]:
        """As `send`, but gives each event of a stream to `sink` as it comes, name and data, until that says False.

        An answer that is no stream is given whole, as by `send`. It may take as long as its server likes, but silence
        is given up after two minutes, and after ten before the answer begins.
        """

    def cancel(self) -> None:
        """Ends `send` or `stream`, from another thread."""
