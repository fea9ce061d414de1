"""Session memory: what was said in a conversation, for the next turn of it."""

from pais._core import MemoryUnavailable
from pais.memory.base import Memory
from pais.memory.events import MemoryEvent, SessionMemory
from pais.memory.stores import LocalMemory, NullMemory, RedisMemory

__all__ = [
    "LocalMemory",
    "Memory",
    "MemoryEvent",
    "MemoryUnavailable",
    "NullMemory",
    "RedisMemory",
    "SessionMemory",
]
