"""PAIS serves AI agents over the OpenAI chat API from a C++ host."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pais.asgi import App

try:
    __version__ = version("pais")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "dev"

__all__ = ["__version__", "serve"]


def serve(agent: Any, **kwargs: Any) -> App:
    """An ASGI application that serves a pydantic-ai agent; `kwargs` as of `pais.server.create_agent_server`."""
    from pais.server import create_agent_server  # importing pais alone must stay cheap

    return create_agent_server(custom_agent=agent, **kwargs).app
