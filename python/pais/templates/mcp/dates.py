"""An MCP server with two tools, over streamable HTTP: python dates.py PORT"""

import sys
from datetime import date, timedelta

from mcp.server.fastmcp import FastMCP

dates = FastMCP("dates", host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 9000)


@dates.tool()
def days_between(first: date, last: date) -> int:
    """How many days lie between two dates."""
    return (last - first).days


@dates.tool()
async def add_days(start: date, days: int) -> str:
    """The date that lies some days after another."""
    return (start + timedelta(days)).isoformat()


if __name__ == "__main__":
    dates.run("streamable-http")
