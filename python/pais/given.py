"""What a server in the user's file was given, where `pais run` serves the file.

The host answers since before the file was loaded, and went by the environment alone. Where the server says something
else, that host gives way to one that goes by it too, on the same port, before it was ever ready: the options of the
command are stronger than what the file says, and that is stronger than the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from urllib.parse import urlsplit

from pais._core import Host, log_warning
from pais.runs import Lent, Served

BOUND = ("AGENT_PORT", "PAIS_HOST")  # once somebody listens


def host_of(served: Served, host: Host, options: Mapping[str, str]) -> tuple[Host, Lent | None]:
    """The host for a server that was given something, else the one that is there. Raises what a host raises that cannot
    start; the one that was there is gone then."""
    settings = served.given()
    port = str(urlsplit(host.url).port)
    if settings.get("AGENT_PORT", port) != port and "AGENT_PORT" not in options:
        log_warning(
            f"the file asks for port {settings['AGENT_PORT']}, but {port} is listened on already: say it with --port"
        )
    taken = {name: value for name, value in settings.items() if name not in BOUND and name not in options}
    if not taken and not served.brings_memory:
        return host, None
    lent = Lent(served.memory if served.brings_memory else None)
    store = lent.store
    if store is None and not any(name.startswith("MEMORY_") for name in taken):
        store = host.store
    end_at_once(host)
    instead = Host({**taken, **options, "AGENT_PORT": port}, store=store)
    instead.start()
    return instead, lent


def end_at_once(host: Host) -> None:
    first = Thread(target=host.drain)
    first.start()
    host.drain()  # the second of two ends the first
    first.join()


def tell_of_late(served: Served, before: Mapping[str, str]) -> None:
    """Code that has changed may say something else, when the host has been made."""
    after = served.given()
    if changed := sorted(name for name in {*before, *after} if before.get(name) != after.get(name)):
        log_warning(f"a server's settings are taken up at the next start: {', '.join(changed)}")
