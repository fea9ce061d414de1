"""The books of the library."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Book:
    title: str
    author: str
    shelf: int


class Catalogue:
    def __init__(self, books: list[Book]) -> None:
        self._books = books

    @staticmethod
    def read(path: Path) -> Catalogue:
        with path.open(encoding="utf-8", newline="") as file:
            return Catalogue([Book(row["title"], row["author"], int(row["shelf"])) for row in csv.DictReader(file)])

    def find(self, word: str) -> list[Book]:
        """Find books by a word of their title or author."""
        return [book for book in self._books if word.lower() in f"{book.title} {book.author}".lower()]
