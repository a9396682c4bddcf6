"""A route file with `app = …`: any ASGI or WSGI application, answering under the path of its file.

How to think about the paths. The application is told where it lives (`root_path`, WSGI's SCRIPT_NAME), and links, redirects and
routes of its own work from there. ASGI's `path` is the whole path, root_path included; WSGI's PATH_INFO is what comes after.
Both are decoded. A route's prefix arrives here as it was sent, because a decoded one could not be cut from the raw path.
"""

import inspect
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, cast
from urllib.parse import unquote

from slugline.callables import is_async_callable
from slugline.errors import ResponseError, RouteModuleError
from slugline.runtime.asgi_types import AsgiApp, Message, Receive, Scope, Send
from slugline.runtime.guard import GuardedSend, guarded_send

__all__ = ["Interface", "MountedApp", "detect_interface", "mount"]

Interface = Literal["asgi", "wsgi"]

# Of what a server may offer, these are what the guard can check. Files by path, early hints and trailers are not offered on.
_OFFERED_EXTENSIONS = frozenset(("websocket.http.response", "tls"))

_WRAP = (
    "Wrap it: `async def app(scope, receive, send): await inner(scope, receive, send)`, "
    "or `def app(environ, start_response): return inner(environ, start_response)`."
)


def detect_interface(app: object, file: str = "") -> Interface:
    """Tell whether `app` speaks ASGI 3 or WSGI, from what it can be called with; asked once, when the file is loaded.

    Three arguments (scope, receive, send) are ASGI, two (environ, start_response) are WSGI; where both would do, the name of
    the first decides. Raises RouteModuleError, naming `file`, when neither can be told.
    """
    files = [file] if file else []
    where = f"`app` in {file}" if file else "`app`"
    if inspect.isclass(app):
        raise RouteModuleError(f"{where} is the class {app.__name__}. Make an application of it: `app = {app.__name__}(…)`.", files=files)
    if not callable(app):
        raise RouteModuleError(
            f"{where} is {type(app).__name__}, which cannot be called. It must be an ASGI or WSGI application.", files=files
        )
    interface = _interface_of(app)
    if interface is None:
        raise RouteModuleError(f"{where} could be neither recognised as ASGI 3 nor as WSGI. {_WRAP}", files=files)
    return interface


def _interface_of(app: Callable[..., Any]) -> Interface | None:
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return None  # written in C, or built at run time
    takes_two, takes_three = _takes(signature, 2), _takes(signature, 3)
    if is_async_callable(app):
        return "asgi" if takes_three else None
    if takes_two != takes_three:
        return "asgi" if takes_three else "wsgi"
    return {"scope": "asgi", "environ": "wsgi", "env": "wsgi"}.get(next(iter(signature.parameters), "")) if takes_two else None  # type: ignore[return-value]


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def mount(app: Callable[..., Any], logger: logging.Logger, *, file: str = "", threads: int = 10) -> "MountedApp":
    """Give the application of a route file, ready to answer; `threads` is how many requests a WSGI application answers at once."""
    interface = detect_interface(app, file)
    # START: the bridge brings a library of its own, which few projects have a use for.
    asgi_app: AsgiApp = app if interface == "asgi" else import_module("slugline.runtime.wsgi").WsgiBridge(app, threads)
    return MountedApp(asgi_app, interface, logger)


class MountedApp:
    """An application of the user's, called with the scope it expects and guarded in what it sends."""

    def __init__(self, asgi_app: AsgiApp, interface: Interface, logger: logging.Logger) -> None:
        self.asgi_app = asgi_app
        self.interface = interface
        self.state: dict[str, Any] = {}
        """What the application's lifespan has put there; it finds it in `scope["state"]`."""
        self._logger = logger

    def close(self) -> None:
        """Let the threads of a WSGI application end."""
        if self.interface == "wsgi":
            cast("Any", self.asgi_app).close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, root_path: str) -> None:
        """Answer one request or WebSocket.

        `root_path` is the part of the raw path that the route takes, such as "/api/shop" for `pages/api/shop/[[...path]].py` and
        "/api/a%2Fb/shop" under a dynamic folder; the server's own root_path is not in it.
        Raises what the application raises, and ResponseError when it ends without a whole answer while the client is there.
        """
        client = _Client(receive)
        guarded = guarded_send(scope, send, self._logger)
        try:
            inner = mounted_scope(scope, root_path)
            inner["state"] = {**(scope.get("state") or {}), **self.state}
            await self.asgi_app(inner, client.receive, guarded)
        except Exception:
            if scope["type"] == "websocket" and not guarded.completed and not client.gone:
                await guarded({"type": "websocket.close", "code": 1011})
            raise
        if not client.gone and not guarded.completed:
            await self._complete(scope, guarded)

    async def _complete(self, scope: Scope, guarded: GuardedSend) -> None:
        if scope["type"] == "websocket":
            await guarded({"type": "websocket.close", "code": 1000})
        elif guarded.started:
            raise ResponseError("The mounted application returned before the end of its answer; the answer is cut.")
        else:
            raise ResponseError("The mounted application returned without an answer.")


class _Client:
    """The `receive` of a request, which remembers whether the client has left."""

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] in {"http.disconnect", "websocket.disconnect"}:
            self.gone = True
        return message


def mounted_scope(scope: Scope, root_path: str) -> Scope:
    """Give the scope for an application at the raw prefix `root_path`; the scope itself stays as it is.

    "/api/shop" asked for exactly becomes the path "/api/shop/": an application answers its own root at "/", and the address with the
    slash is one that a client can never ask for, since it is redirected to the one without. `raw_path` stays as sent.
    """
    outer: str = scope.get("root_path", "").rstrip("/")
    inner = unquote(root_path.rstrip("/"))
    prefix, path = outer + inner, scope["path"]
    if outer and not _is_under(path, prefix):
        path = outer + path  # a server that leaves its own root_path out of `path`, against the specification
    if path == prefix:
        path += "/"
    extensions = {name: value for name, value in (scope.get("extensions") or {}).items() if name in _OFFERED_EXTENSIONS}
    return {**scope, "root_path": prefix, "path": path, "extensions": extensions}


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
