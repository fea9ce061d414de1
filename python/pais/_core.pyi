from collections.abc import Mapping
from typing import Any, TypedDict

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

class Host:
    """One agent of Python on one HTTP server. No method but `start` and `drain` waits for anything."""

    def __init__(self, options: Mapping[str, str], env_file: str, fallback_name: str) -> None:
        """Reads the settings; ValueError has one line for each that is bad."""

    def start(self, own_tools: int) -> str:
        """Listens; returns the URL. RuntimeError when that is not possible."""

    def drain(self) -> None:
        """Ends politely; a second call, from another thread, ends the first at once."""

    @property
    def name(self) -> str: ...
    @property
    def max_steps(self) -> int: ...
    @property
    def descriptor(self) -> int:
        """Readable when `take` has something."""

    def take(self) -> list[dict[str, Any]]:
        """The messages since the last call: runs to begin, runs to cancel."""

    def text(self, run: int, piece: str) -> None: ...
    def thinking(self, run: int, piece: str) -> None: ...
    def tool_requested(self, run: int, call_id: str, tool: str, arguments: str, step: int) -> None: ...
    def tool_ended(self, run: int, call_id: str, tool: str, result: str, is_json: bool, is_error: bool) -> None: ...
    def ended(self, run: int, text: str, input_tokens: int, output_tokens: int) -> None: ...
    def failed(self, run: int, code: str, cause: str, param: str) -> None: ...
