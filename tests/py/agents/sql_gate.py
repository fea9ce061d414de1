"""Writes SQL for a reporting database; only what may be run gets out."""

from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel

TABLES = {"orders", "customers"}


def run_query(sql: str) -> list[dict[str, int]]:
    """Run a query that reads.

    Args:
        sql: One SELECT statement.
    """
    words = sql.lower().replace(";", "").split()
    if words[0] != "select":
        raise ModelRetry("Only SELECT is allowed.")
    if not TABLES.intersection(words):
        raise ModelRetry(f"Use one of these tables: {', '.join(sorted(TABLES))}.")
    return [{"count": 42}]


agent = Agent(OpenAIChatModel("gpt-4o-mini"), output_type=run_query, retries=2)
