"""`pais card`."""

from __future__ import annotations

import json

from pais.cli.arguments import ApiKey, AsJson, Url, remote_at
from pais.cli.failing import fail
from pais.plain_text import one_line


def card(url: Url, as_json: AsJson = False, api_key: ApiKey = None) -> None:
    """Show what an agent says of itself: its card.

    Example: pais card http://127.0.0.1:8000
    """
    from pais.cli.remote import Refused
    from pais.screen import say, show_table, styled, take_any_text

    take_any_text()
    try:
        found = remote_at(url, api_key).card()
    except Refused as reason:
        fail(str(reason))
    if as_json:
        print(json.dumps(found))
        return
    print(f"{styled(one_line(found['name']), 'bold')}  {one_line(str(found.get('description', '')))}")
    capabilities = found.get("capabilities")
    able = [name for name, can in capabilities.items() if can is True] if isinstance(capabilities, dict) else []
    for name, value in (
        ("address", found.get("url")),
        ("version", found.get("version")),
        ("A2A protocol", found.get("protocolVersion")),
        ("can", ", ".join(able)),
    ):
        if value:
            say(f"  {name:<12}  {one_line(str(value))}")
    skills = [item for item in found.get("skills") or [] if isinstance(item, dict)]
    if not skills:
        return
    say()
    show_table(
        ["skill", "does"], [[str(item.get("name", "")), one_line(str(item.get("description", "")))] for item in skills]
    )
