"""A line for each request, on the logger `slugline.access`; off unless asked for."""

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from slugline.http.request import Request

__all__ = ["AccessLog", "escape", "make_access_log"]

logger = logging.getLogger("slugline.access")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\]")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:/+=\-]{1,128}")

AccessLog = Callable[[Request[Any, Any], int, float], None]


def escape(text: str) -> str:
    """Escape what could end a line or a quotation in a log, so that a client cannot write lines of its own."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def make_access_log(form: str | None) -> AccessLog | None:
    """Give the function that writes a line: "text", "json", or None for none. `started` is from time.perf_counter().

    The request's id is the client's X-Request-Id where that is short and plain, else a new one.
    """
    if form is None:
        return None
    write = {"text": _write_text, "json": _write_json}[form]

    def log(request: Request[Any, Any], status: int, started: float) -> None:
        client = request.client
        write(
            {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "id": request_id(request),
                "client": client[0] if client else "-",
                "method": request.method,
                "path": request.url,
                "status": status,
                "milliseconds": round((time.perf_counter() - started) * 1000, 2),
                "route": request._api_route.source if request._api_route is not None else None,
            }
        )

    return log


def request_id(request: Request[Any, Any]) -> str:
    """Give the id that marks the request in the log."""
    sent = request.index.get(b"x-request-id")
    if sent is not None and _REQUEST_ID.fullmatch(sent):
        return sent.decode("ascii")
    return secrets.token_hex(8)


def _write_text(entry: dict[str, Any]) -> None:
    logger.info(
        '%(time)s %(client)s "%(method)s %(path)s" %(status)s %(milliseconds)sms %(route)s id=%(id)s',
        {key: "-" if value is None else escape(str(value)) for key, value in entry.items()},
    )


def _write_json(entry: dict[str, Any]) -> None:
    logger.info("%s", json.dumps(entry))
