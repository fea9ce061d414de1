"""What `bench/python` has served: an agent of one line, whose model the environment names."""

from pydantic_ai import Agent

agent = Agent(instructions="You are a helpful assistant.")
