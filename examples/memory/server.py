"""A memory of one's own: a folder of diaries, one file a session, one line an event."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from pydantic_ai import Agent

from pais.memory import Memory, MemoryEvent, SessionMemory
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings


class Diaries(Memory):
    """Sessions are named by clients, so a name is quoted before it becomes that of a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def diary(self, session_id: str) -> Path:
        return self.folder / f"{quote(session_id, safe='')}.jsonl"

    async def create_session(self, app_name: str, user_id: str, session_id: str | None = None) -> str:
        session_id = session_id or f"session_{uuid4().hex[:12]}"
        self.diary(session_id).touch()
        return session_id

    async def get_session(self, session_id: str) -> SessionMemory | None:
        if not self.diary(session_id).exists():
            return None
        session = SessionMemory(session_id, "user", "agent")
        session.events.extend(await self.get_session_events(session_id))
        return session

    async def add_event(
        self,
        session_id: str,
        event: MemoryEvent | str,
        content: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        diary = self.diary(session_id)
        if not diary.exists():
            return False
        event = event if isinstance(event, MemoryEvent) else self.create_event(event, content, metadata)
        with diary.open("a") as page:
            page.write(json.dumps(event.to_dict()) + "\n")
        return True

    async def get_session_events(self, session_id: str, event_types: Sequence[str] | None = None) -> list[MemoryEvent]:
        diary = self.diary(session_id)
        if not diary.exists():
            return []
        events = [MemoryEvent.from_dict(json.loads(line)) for line in diary.read_text().splitlines()]
        return [event for event in events if event_types is None or event.event_type in event_types]

    async def list_sessions(self, user_id: str | None = None) -> list[str]:
        diaries = sorted(self.folder.glob("*.jsonl"), key=lambda diary: diary.stat().st_mtime)
        return [unquote(diary.stem) for diary in diaries]

    async def delete_session(self, session_id: str) -> bool:
        diary = self.diary(session_id)
        existed = diary.exists()
        diary.unlink(missing_ok=True)
        return existed


agent = Agent("test", name="diarist", instructions="Listen.")

if __name__ == "__main__":
    AgentServer(agent, AgentServerSettings(agent_name="diarist"), memory=Diaries(Path("diaries"))).run("127.0.0.1")
