"""Every way in which a handler may fail."""

import asyncio

from slugline import ApiError
from slugline.errors import BadRequest, ClientDisconnected, InvalidHeader

HIDDEN = "hidden-word-91c2"


class Mute(Exception):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class Unprintable(Exception):
    def __str__(self):
        return f"{HIDDEN} \udcff \x1b[31m"


def recurse():
    recurse()


ERRORS = {
    "exception": lambda: Exception(HIDDEN),
    "value-error": lambda: ValueError(HIDDEN),
    "system-exit": lambda: SystemExit(HIDDEN),
    "system-exit-0": lambda: SystemExit(0),
    "keyboard-interrupt": lambda: KeyboardInterrupt(HIDDEN),
    "cancelled": lambda: asyncio.CancelledError(HIDDEN),
    "memory": lambda: MemoryError(HIDDEN),
    "generator-exit": lambda: GeneratorExit(HIDDEN),
    "stop-iteration": lambda: StopIteration(HIDDEN),
    "stop-async-iteration": lambda: StopAsyncIteration(HIDDEN),
    "group": lambda: ExceptionGroup(HIDDEN, [ValueError(HIDDEN), OSError(HIDDEN)]),
    "base-group": lambda: BaseExceptionGroup(HIDDEN, [KeyboardInterrupt(HIDDEN)]),
    "base": lambda: BaseException(HIDDEN),
    "mute": Mute,
    "unprintable": Unprintable,
    "os-error": lambda: OSError(2, HIDDEN, "/etc/hidden-word-91c2"),
    "timeout": lambda: TimeoutError(HIDDEN),
    "unicode": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, HIDDEN),
    "invalid-header": lambda: InvalidHeader(HIDDEN),
    "client-disconnected": lambda: ClientDisconnected(HIDDEN),
    "api": lambda: ApiError(418, "a teapot"),
    "api-headers": lambda: ApiError(401, "who are you?", headers={"WWW-Authenticate": "Basic"}),
    "api-silent": lambda: ApiError(503),
    "bad-request": lambda: BadRequest("not like this"),
}


def fail(kind):
    if kind == "recursion":
        recurse()
    raise ERRORS[kind]()
