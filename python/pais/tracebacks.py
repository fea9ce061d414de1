"""A user's exception, told without the frames between his code and ours: a log line holds only so much."""

from __future__ import annotations

import traceback
from pathlib import Path

import anyio
import pydantic_ai
import pydantic_graph

BETWEEN = [Path(__file__).parent, *(Path(str(part.__file__)).parent for part in (anyio, pydantic_ai, pydantic_graph))]


def users_traceback(failure: BaseException) -> str:
    told = traceback.TracebackException.from_exception(failure)
    seen: traceback.TracebackException | None = told
    while seen is not None:
        users = [frame for frame in seen.stack if is_the_users(frame.filename)]
        tells_where = hasattr(seen, "filename")  # a syntax error, which is nobody's frame
        seen.stack = traceback.StackSummary.from_list(users or ([] if tells_where else list(seen.stack)[-1:]))
        seen = seen.__cause__ or seen.__context__
    return "".join(told.format())


def is_the_users(file: str) -> bool:
    path = Path(file)
    return not file.startswith("<frozen importlib") and not any(folder in path.parents for folder in BETWEEN)
