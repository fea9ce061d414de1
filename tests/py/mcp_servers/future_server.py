"""`tools_server.py`, of a version of the protocol that nobody knows yet."""

from __future__ import annotations

import sys

FUTURE = "2099-01-01"

try:  # mcp 2.x, and fastmcp on top of it
    import mcp_types.version as version

    version.MODERN_PROTOCOL_VERSIONS = version.HANDSHAKE_PROTOCOL_VERSIONS = (FUTURE,)
    version.LATEST_HANDSHAKE_VERSION = FUTURE
except ImportError:
    import mcp.server.session as session
    import mcp.types as types

    session.SUPPORTED_PROTOCOL_VERSIONS = [FUTURE]
    types.LATEST_PROTOCOL_VERSION = FUTURE

if __name__ == "__main__":
    import tools_server

    sys.exit(tools_server.main())
