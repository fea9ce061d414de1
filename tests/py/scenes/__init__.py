"""What the agents of tests/py/agents are asked, and what must come back."""
