"""What a tool finds as `ctx.deps` when its agent has no deps type of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pais.memory import Memory


@dataclass
class AgentDeps:
    session_id: str = ""
    memory: Memory | None = None
