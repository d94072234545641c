"""What the log tells: one line of JSON for each thing, and of a failure what kind and where, never its words.

The words of an exception can carry what somebody wrote: PostgreSQL repeats the row it refuses, and Python the value.
"""

import errno
import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Flask
from flask.logging import wsgi_errors_stream

# SQLite says which rule it was in words of its own, which are the schema's.
RULE = re.compile(r"((?:UNIQUE|CHECK|NOT NULL|FOREIGN KEY) constraint failed)(?:: ([\w., ]+))?", re.ASCII)


def described(error: BaseException) -> list[dict[str, Any]]:
    """The exception and those behind it: of each its type, what the database calls it, and the lines it went through."""
    return [
        {"type": f"{type(one).__module__}.{type(one).__qualname__}", **dict(_facts(one)), "at": _lines(one)}
        for one in _chain(error)
    ]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        yield following
        seen.add(id(following))
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def _facts(error: BaseException) -> Iterator[tuple[str, Any]]:
    """Names from the schema, and numbers."""
    diagnosis = getattr(error, "diag", None)
    known = {
        "sqlstate": getattr(error, "sqlstate", None),
        "constraint": getattr(diagnosis, "constraint_name", None),
        "table": getattr(diagnosis, "table_name", None),
        "column": getattr(diagnosis, "column_name", None),
    }
    if isinstance(error, sqlite3.Error):
        known["sqlstate"] = getattr(error, "sqlite_errorname", None)
        if rule := RULE.fullmatch(str(error)):
            known["constraint"] = rule[2] or rule[1]
    if isinstance(error, OSError):
        known["errno"] = errno.errorcode.get(error.errno or 0)
    yield from ((name, value) for name, value in known.items() if value is not None)


def _lines(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def without_words(_logger: Any, _method: str, event: Any) -> Any:
    """Put the description of a failure where its traceback would be."""
    found: Any = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["failure"] = described(error)
    return event


class JsonFormatter(logging.Formatter):
    """The same for what is logged in Python's own way, by us and by the libraries."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "event": record.getMessage(),
            "logger": record.name,
            "exc_info": record.exc_info,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        return json.dumps(without_words(None, "", event), ensure_ascii=False, default=repr)


class _Lines(logging.StreamHandler[Any]):
    """The one handler, however many applications there are in the process."""


def register(app: Flask) -> None:
    """Let everything that is logged be a line of JSON."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    if not any(isinstance(handler, _Lines) for handler in logging.root.handlers):
        handler = _Lines(wsgi_errors_stream)
        handler.setFormatter(JsonFormatter())
        logging.root.addHandler(
            handler
        )  # before app.logger is asked for, which would make a handler of its own
    app.logger.setLevel(logging.INFO)
