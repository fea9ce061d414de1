"""The agent that tasks are handed to."""

from pydantic_ai import Agent

agent = Agent("test", name="researcher", instructions="Find facts. Answer in one sentence.", defer_model_check=True)

FACTS = {"tides": "The moon makes the tides.", "rain": "Clouds make the rain."}


@agent.tool_plain
def look_up(topic: str) -> str:
    """What is known about a topic."""
    return FACTS.get(topic.lower(), f"Nothing is known about {topic}.")
