"""Full text search over passages, in memory."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passage:
    source: str
    text: str


class Library:
    """From any thread; what is added is found at once."""

    def __init__(self, folder: Path) -> None:
        self._guard = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute("CREATE VIRTUAL TABLE passages USING fts5(source UNINDEXED, text, tokenize = porter)")
        for path in sorted(folder.glob("*.md")):
            self.add(path.name, path.read_text(encoding="utf-8"))

    def add(self, source: str, text: str) -> None:
        """Each paragraph is found by itself."""
        rows = [(source, paragraph.strip()) for paragraph in text.split("\n\n") if paragraph.strip()]
        with self._guard, self._database:
            self._database.executemany("INSERT INTO passages VALUES (?, ?)", rows)

    def search(self, question: str, limit: int = 3) -> list[Passage]:
        """The passages that share most with the question, best first."""
        words = ["".join(filter(str.isalnum, word)) for word in question.split()]
        wanted = " OR ".join(f'"{word}"' for word in words if word)
        if not wanted:
            return []
        query = "SELECT source, text FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?"
        with self._guard:
            return [Passage(*row) for row in self._database.execute(query, (wanted, limit))]
