"""What a declared agent is, in Python. Its model is the one that the environment names."""

import os

from pydantic_ai import Agent

agent = Agent(instructions=os.environ.get("AGENT_INSTRUCTIONS", "You are a helpful assistant."))
