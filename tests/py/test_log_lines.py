"""What a line of the log says about the request it belongs to."""

from __future__ import annotations

import json
import urllib.request

from conftest import StartHost

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_in_json_every_line_of_a_request_names_its_request_session_and_trace(start_host: StartHost) -> None:
    host = start_host(
        "--mock=Hello!", AGENT_NAME="hello", PAIS_LOG_FORMAT="json", AGENT_ACCESS_LOG="true", LOG_LEVEL="DEBUG"
    )
    request = urllib.request.Request(
        host.url + "/v1/chat/completions",
        json.dumps({"messages": [{"role": "user", "content": "hi"}], "session_id": "s1", "tools": []}).encode(),
        {"X-Request-ID": "r1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )

    with urllib.request.urlopen(request, timeout=30):
        host.stop()

    lines = [json.loads(line) for line in host.output if line.startswith("{")]
    (access,) = [line for line in lines if line["logger"] == "pais.access"]
    assert (access["request_id"], access["session_id"], access["trace_id"]) == ("r1", "s1", TRACE)
    of_the_request = [line for line in lines if line.get("request_id") == "r1"]
    assert all((line["trace_id"], line["session_id"]) == (TRACE, "s1") for line in of_the_request)
