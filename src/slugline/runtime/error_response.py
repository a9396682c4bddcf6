"""From an exception to what the client sees: a status and a plain phrase. The log sees the rest."""

import logging
from http import HTTPStatus
from typing import Any

from slugline.errors import ApiError, BodyTimeout, InvalidHeader, InvalidInput, RequestError
from slugline.http.json_text import encode_json
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.api_route import HandlerTimeout
from slugline.runtime.threads import Overloaded

__all__ = ["is_expected", "make_error_response"]

logger = logging.getLogger("slugline")


def make_error_response(request: Request[Any, Any], error: BaseException, *, retry_after_seconds: int) -> Response[Any]:
    """Make the answer for an exception that left the handler, with none of the headers that the handler had set.

    ApiError: its status and `{"error": message}`. InvalidInput: 400 with every fault, as problem details (RFC 9457). Any other
    RequestError: its status and phrase as text. Too many requests: 503. `maxDuration` passed: 504. Anything else: 500 and nothing more.
    """
    response: Response[Any] = Response(request)
    if isinstance(error, ApiError):
        try:
            for name, value in error.headers.items():
                response.set_header(name, value)
        except InvalidHeader as wrong:
            logger.error("ApiError(%s) came with a header that cannot be sent: %s", error.status, wrong)
            return make_error_response(request, wrong, retry_after_seconds=retry_after_seconds)
        response.status(error.status).json({"error": error.message or _phrase(error.status)})
    elif isinstance(error, InvalidInput):
        response.status(error.status).set_header("content-type", "application/problem+json").end(encode_json(error.problem))
    elif isinstance(error, RequestError):
        response.status(error.status).end(error.phrase)
        if isinstance(error, BodyTimeout):
            # RFC 9110 section 15.5.9. Set beside `set_header`, which keeps handlers from it.
            response._fields = {"connection": "close"}
    elif isinstance(error, Overloaded):
        response.status(503).set_header("retry-after", retry_after_seconds).end(_phrase(503))
    elif isinstance(error, HandlerTimeout):
        response.status(504).end(_phrase(504))
    else:
        response.status(500).end(_phrase(500))
    return response


def is_expected(error: BaseException) -> bool:
    """Tell whether the exception is an answer in itself, and so no news for the log."""
    return isinstance(error, ApiError | RequestError | Overloaded)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Error {status}"
