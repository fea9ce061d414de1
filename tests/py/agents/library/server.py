"""A librarian made of several files: a module beside this one, instructions and a catalogue as data."""

from pathlib import Path

from catalogue import Catalogue
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

books = Catalogue.read(Path(__file__).parent / "data" / "books.csv")

agent = Agent(
    OpenAIChatModel("gpt-4o-mini"),
    name="librarian",
    instructions=Path("data/instructions.txt").read_text(encoding="utf-8").strip(),
    tools=[books.find],
)
