"""PAIS serves AI agents over the OpenAI chat API from a C++ host."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pais")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "dev"

__all__ = ["__version__"]
