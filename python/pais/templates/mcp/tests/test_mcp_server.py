import socket
import subprocess
import sys
import time

import pytest
from pais.testing import calls

pytest.importorskip("mcp", reason="pip install --editable '.[dev]' brings what the MCP server needs")


@pytest.fixture(scope="module")
def dates():
    """The MCP server of this project, on a free port; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "dates.py", str(port)])
    try:
        wait_until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_until_it_listens(process, port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the MCP server has ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the MCP server does not listen")


def test_a_tool_of_the_mcp_server_is_called(serve_file, dates):
    served = serve_file(
        "server.py",
        answers=[calls("days_between", first="2026-01-01", last="2026-12-31"), "364 days."],
        MCP_SERVERS="dates",
        MCP_SERVER_dates_URL=dates,
    )

    assert served.ask("How long is a year?", session="s") == "364 days."

    assert served.conversation("s")[2]["content"]["tool"] == "days_between"
    assert "364" in str(served.conversation("s")[2]["content"]["result"])
