"""The agents of the fleet that live in Python. Model, tools and other agents are those that the environment names."""

from pydantic_ai import Agent

agent = Agent(instructions="You repeat what you hear.")
