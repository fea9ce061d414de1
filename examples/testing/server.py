"""An agent that knows what things cost."""

from pydantic_ai import Agent, ModelRetry

PRICES = {"tea": 3, "coffee": 4}
agent = Agent("openai:gpt-4o-mini", name="waiter", defer_model_check=True)


@agent.tool_plain
def price(item: str) -> int:
    """What an item costs, in euros."""
    if item not in PRICES:
        raise ModelRetry(f"There is no {item}, only {', '.join(PRICES)}.")
    return PRICES[item]
