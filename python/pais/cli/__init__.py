"""The command `pais`. Each command is a module of its own, which imports what is heavy when it is run."""

from __future__ import annotations

import typer

from pais.cli import build, card, chat, config, doctor, init, query, run, sessions, version
from pais.cli.run import run_agent_server

__all__ = ["app", "run_agent_server"]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help="Serve AI agents.")

app.command()(run.run)
app.command()(chat.chat)
app.command()(query.query)
app.add_typer(sessions.sessions, name="sessions")
app.command()(card.card)
app.command()(config.config)
app.command()(doctor.doctor)
app.command()(version.version)
app.command()(init.init)
app.command()(build.build)
