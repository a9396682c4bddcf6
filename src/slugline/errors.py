"""Every error that Slugline raises.

SluglineError
├── ApiError               the user's handler answers with a status
├── RequestError           the client sent something wrong: a status and a plain phrase
│   ├── BadRequest             400
│   ├── TruncatedBody          400, the upload was cut off
│   ├── InvalidInput           400, does not fit the handler's types; answered as problem details
│   ├── BodyTimeout            408
│   └── BodyTooLarge           413
├── ClientDisconnected     the client left while an answer was being written
├── ResponseError          the handler used `res` wrongly; raised at the line that did it
│   ├── AlreadyAnswered
│   ├── InvalidStatus
│   ├── InvalidHeader
│   ├── InvalidRedirect
│   └── NotSerialisable
├── MiddlewareError        a middleware broke the rules of `next`
├── WebSocketClosed        the socket is closed, with the code and the reason
├── HandlerEnded           not an error: ends a handler whose middleware has answered (a BaseException)
└── ProjectError           the project's files or configuration are wrong; has a code and a page in docs/errors/
    ├── RouteNameError         route-name
    ├── RouteConflict          route-conflict
    ├── RouteModuleError       route-module
    ├── PageError              page
    ├── ConfigError            config
    ├── InstrumentationError   instrumentation
    ├── EnvironmentFileError   environment-file
    ├── ProjectNotFound        project-not-found
    ├── TemplateError          template
    └── ServerError            server
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

__all__ = [
    "AlreadyAnswered",
    "ApiError",
    "BadRequest",
    "BodyTimeout",
    "BodyTooLarge",
    "ClientDisconnected",
    "ConfigError",
    "EnvironmentFileError",
    "HandlerEnded",
    "InstrumentationError",
    "InvalidHeader",
    "InvalidInput",
    "InvalidRedirect",
    "InvalidStatus",
    "MiddlewareError",
    "NotSerialisable",
    "PageError",
    "ProjectError",
    "ProjectNotFound",
    "RequestError",
    "ResponseError",
    "RouteConflict",
    "RouteModuleError",
    "RouteNameError",
    "ServerError",
    "SluglineError",
    "TemplateError",
    "TruncatedBody",
    "ValidationFault",
    "WebSocketClosed",
]


class SluglineError(Exception):
    """The base of every error that Slugline raises."""


class ApiError(SluglineError):
    """Raised by a handler or a middleware to answer with a status and a message.

    `raise ApiError(403, "not yours")` sends 403 with `{"error": "not yours"}`. Statuses 400 to 599.
    The message reaches the client as it is, so put no secret into it.
    """

    def __init__(self, status: int, message: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        if not isinstance(status, int) or isinstance(status, bool) or not 400 <= status <= 599:
            raise InvalidStatus(f"ApiError takes a status from 400 to 599, not {status!r}.")
        super().__init__(message or f"status {status}")
        self.status = int(status)
        self.message = message
        self.headers = dict(headers or {})


class RequestError(SluglineError):
    """The client sent something wrong; `phrase` is the whole text that it gets."""

    def __init__(self, status: int, phrase: str) -> None:
        super().__init__(phrase)
        self.status = status
        self.phrase = phrase


class BadRequest(RequestError):
    """400: the request cannot be understood."""

    def __init__(self, phrase: str = "Bad Request") -> None:
        super().__init__(400, phrase)


class TruncatedBody(RequestError):
    """400: the connection ended, or broke the framing, before the whole body had arrived."""

    def __init__(self, phrase: str = "Body was cut off") -> None:
        super().__init__(400, phrase)


class ValidationFault(Struct, frozen=True):
    """One place of a value that does not fit its type, so ("items[2].price", "must be a number, not text").

    The path is "" for the value as a whole. Neither of the two holds the value, which may be a secret; a path holds the names
    of fields, the client's own ones among them.
    """

    path: str
    reason: str


class InvalidInput(RequestError):
    """400: the body or the query does not fit the types that the handler declares; `faults` has each place and reason.

    `place` is "body" or "query".
    """

    def __init__(self, faults: Sequence[ValidationFault], place: str = "body") -> None:
        self.faults = tuple(faults)
        self.place = place
        listed = "; ".join(f"{fault.path or place} {fault.reason}" for fault in self.faults)
        super().__init__(400, f"The {place} does not fit: {listed}.")

    @property
    def problem(self) -> dict[str, object]:
        """The answer, as application/problem+json (RFC 9457); the title is the status's phrase, as "about:blank" asks for."""
        return {
            "type": "about:blank",
            "title": "Bad Request",
            "status": self.status,
            "detail": f"The {self.place} does not fit what this route takes.",
            "errors": [{"path": fault.path, "reason": fault.reason} for fault in self.faults],
        }


class BodyTimeout(RequestError):
    """408: the body arrived too slowly."""

    def __init__(self, phrase: str = "Request Timeout") -> None:
        super().__init__(408, phrase)


class BodyTooLarge(RequestError):
    """413: the body is larger than the route's `sizeLimit`, quoted as the route wrote it."""

    def __init__(self, limit_text: str) -> None:
        super().__init__(413, f"Body exceeded {limit_text} limit")


class ClientDisconnected(SluglineError):
    """The client left; what is written from now on reaches nobody."""


class ResponseError(SluglineError):
    """The handler asked for an answer that HTTP, or the order of calls, does not allow."""


class AlreadyAnswered(ResponseError):
    """The response was answered, or its head was sent, before this call."""


class InvalidStatus(ResponseError, ValueError):
    """The status is not a whole number that HTTP allows."""


class InvalidHeader(ResponseError, ValueError):
    """The header's name or value cannot be sent (RFC 9110 section 5.1 and 5.5)."""


class InvalidRedirect(ResponseError, ValueError):
    """`redirect` was called with something other than `url` or `status, url`."""


class NotSerialisable(ResponseError, TypeError):
    """The value cannot be carried by JSON."""


class MiddlewareError(SluglineError):
    """A middleware called `next` twice, or neither called it nor answered."""


class HandlerEnded(BaseException):
    """Ends a handler quietly, because a middleware that it ran has answered the request.

    A BaseException, as asyncio.CancelledError is, so that an `except Exception` around the handler's work lets it pass.
    """


class WebSocketClosed(SluglineError):
    """The socket is closed; `code` and `reason` say why (RFC 6455 section 7.4). 1005: no code; 1006: the connection was lost."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"The WebSocket was closed with code {code}{f': {reason}' if reason else ''}.")
        self.code = code
        self.reason = reason


class ProjectError(SluglineError):
    """The project's files or configuration are wrong; `code` names the page in docs/errors/."""

    code = "project"

    def __init__(self, message: str, *, files: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.files = tuple(files)


class RouteNameError(ProjectError):
    """A file or folder name under pages/ is not a valid route name."""

    code = "route-name"


class RouteConflict(ProjectError):
    """Two files answer the same paths."""

    code = "route-conflict"


class RouteModuleError(ProjectError):
    """A route file cannot be imported, or defines nothing that answers."""

    code = "route-module"


class PageError(ProjectError):
    """A page cannot be made: its functions do not fit together, give something else than they should, or its template fails.

    `line` is the line of the first of `files`, for a template.
    """

    code = "page"
    line: int | None = None


class ConfigError(ProjectError):
    """A key or value of a configuration is unknown or wrong."""

    code = "config"


class EnvironmentFileError(ProjectError):
    """An environment file cannot be read, or its values refer to each other in a circle."""

    code = "environment-file"


class InstrumentationError(ProjectError):
    """instrumentation.py cannot be imported, or its `register` failed."""

    code = "instrumentation"


class ProjectNotFound(ProjectError):
    """The folder holds no pages/."""

    code = "project-not-found"


class TemplateError(ProjectError):
    """`slugline new` cannot make the project: no such template, or the folder is not empty."""

    code = "template"


class ServerError(ProjectError):
    """The server cannot start with the settings or on the machine that it was given."""

    code = "server"
