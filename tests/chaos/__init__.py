"""A fleet of agents that is broken on purpose, part by part, and what must hold meanwhile: docs/chaos.md."""
