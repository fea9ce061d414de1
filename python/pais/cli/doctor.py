"""`pais doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pais.cli.arguments import AsJson, EnvFile, refuse_absent, usual_target
from pais.cli.failing import FAILED

if TYPE_CHECKING:
    from pais.cli.checks import Finding

LABELS = 22  # columns before what is told
MARKS = {"ok": ("ok", "green"), "wrong": ("wrong", "red"), "off": ("-", "dim")}

Target = Annotated[
    str | None, typer.Argument(metavar="FILE", help="The agent's file; default: server.py where there is one.")
]


def doctor(target: Target = None, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """Look whether an agent can be served here.

    Says what to do where it cannot. Looks at versions, settings and where they come from, the agent's file, its model,
    MCP servers, other agents, memory and telemetry. Exit code 1 when something is wrong. Example: pais doctor server.py
    """
    from pais.cli import checks
    from pais.screen import take_any_text

    take_any_text()
    target = target or usual_target()
    if target is not None:
        refuse_absent(target)
    findings = []
    for finding in checks.all_findings(target, env_file):
        findings.append(finding)
        if not as_json:
            show(finding)
    if as_json:
        print(checks.as_json(findings))
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(FAILED)


def show(finding: Finding) -> None:
    from pais.plain_text import plain
    from pais.screen import below, styled

    mark, style = MARKS[finding.state]
    print(f"{styled(f'{mark:<5}', style)}  {finding.what:<14} {below(plain(finding.told), LABELS)}", flush=True)
    if finding.advice:
        print(f"{' ' * LABELS}→ {below(plain(finding.advice), LABELS + 2)}", flush=True)
