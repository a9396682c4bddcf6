"""One API route: what is decided when its file is loaded, and what runs for a request."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slugline.callables import RunInThread, make_awaitable
from slugline.errors import ApiError, BadRequest, BodyTooLarge, InvalidInput, RequestError, ValidationFault
from slugline.http.body import parse_body
from slugline.http.json_text import encode_json
from slugline.http.media_type import MediaType, read_media_type
from slugline.http.multipart_form import FormLimits, MultipartForm
from slugline.http.request import Request
from slugline.http.response import JSON, TEXT, Response, Stage
from slugline.middleware.chain import compose
from slugline.project.modules import Action, RouteModule
from slugline.project.route_config import RouteConfig
from slugline.runtime.asgi_types import Receive
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.hand_over import hand_over_to, place_request
from slugline.runtime.mounted import MountedApp, mount
from slugline.runtime.run_websocket import run_websocket
from slugline.runtime.settings import Settings
from slugline.runtime.shared_receive import SharedReceive
from slugline.runtime.websocket import WebSocket
from slugline.schema.check_response import make_response_check
from slugline.schema.fields import accepts_none

__all__ = ["ApiRoute", "HandlerTimeout", "Run", "make_api_route", "with_body"]

logger = logging.getLogger("slugline")

Run = Callable[[Request[Any, Any], Response[Any]], Awaitable[None]]
Connect = Callable[[Request[Any, Any], Response[Any], WebSocket], Awaitable[None]]

# With these, no body is no fault: a `handler` that takes one from POST answers them too.
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
METHODS_NOT_FOR_A_BODY = METHODS_WITHOUT_BODY - {"OPTIONS"}
"""Those for which a handler that cannot do without a body has no answer. OPTIONS may be for the CORS in it."""
# From this on, what has come of a form is parsed on a worker thread: its files go to disk, and a disk may be slow.
INLINE_FORM_BYTES = 256 * 1024


class HandlerTimeout(Exception):
    """The handler took longer than the route's `maxDuration`."""


@dataclass(slots=True)
class ApiRoute:
    """A route, ready to run: parse the body, run middleware, run the handler."""

    pattern: str
    source: str
    config: RouteConfig
    run: Run | None
    connect: Connect | None = None
    mounted: MountedApp | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each method's function; under "" that of `handler`."""

    def locate(self, method: str) -> str:
        """Say where the function is that answers the method: "pages/api/hello.py, line 3"."""
        line = self.lines.get(method) or self.lines.get("")
        return f"{self.source}, line {line}," if line else self.source


def make_api_route(
    pattern: str,
    module: RouteModule,
    folder_middleware: Sequence[Callable[..., Any]],
    run_in_thread: RunInThread,
    settings: Settings,
) -> ApiRoute:
    """Decide everything about a route that does not depend on a request."""
    config = module.config
    middleware = [*folder_middleware, *module.middleware]

    def prepare(action: Action) -> Run:
        run: Run = make_awaitable(action.function, run_in_thread)
        if settings.development:
            run = _warn_of_misfit(_warn_of_value(run, action, module.source), action, module.source)
        run = _with_types(run, action)
        if middleware:
            run = compose(middleware, run, run_in_thread)
        run = _with_classes(run, action)
        if config.body_parser:
            run = with_body(
                run, config, settings, run_in_thread, parses=action.body is None, splits=action.body is None or not action.body.takes_bytes
            )
        else:
            run = _with_stream(run, config, settings)
        if config.max_duration_seconds is not None:
            run = _with_deadline(run, config.max_duration_seconds)
        return run

    run: Run | None = None
    mounted: MountedApp | None = None
    if module.handler is not None:
        run = prepare(module.handler)
    elif module.methods:
        run = _by_method({method: prepare(action) for method, action in module.methods.items()})
    elif module.app is not None:
        mounted = mount(module.app, logger, file=module.source, threads=settings.threads)
        run = hand_over_to(mounted, pattern, settings)
        if middleware:
            run = compose(middleware, run, run_in_thread)
    connect = _connect(module, mounted, pattern, middleware, run_in_thread)
    return ApiRoute(pattern, module.source, config, run, connect, mounted, _lines(module))


def _lines(module: RouteModule) -> dict[str, int]:
    actions = {**module.methods, **({"": module.handler} if module.handler is not None else {})}
    codes = {name: getattr(inspect.unwrap(action.function), "__code__", None) for name, action in actions.items()}
    return {name: code.co_firstlineno for name, code in codes.items() if code is not None}


def _connect(
    module: RouteModule,
    mounted: MountedApp | None,
    pattern: str,
    middleware: Sequence[Callable[..., Any]],
    run_in_thread: RunInThread,
) -> Connect | None:
    """Make what runs for a WebSocket: the route's middleware around the handshake, then its function.

    SECURITY: middleware that guards a folder guards its sockets too; it sees the handshake as a GET.
    """
    if module.websocket is not None:
        function = module.websocket

        async def talk(request: Request[Any, Any], response: Response[Any]) -> None:
            await run_websocket(function, request._socket, logger)
            response._handed_over = True
            response._stage = Stage.ANSWERED

    elif mounted is not None:

        async def talk(request: Request[Any, Any], response: Response[Any]) -> None:
            response._handed_over = True  # from now on the application takes the server's events, and MountedApp sees to an end
            scope, root_path = place_request(request, pattern)
            await mounted(scope, request._receive, request._send, root_path)
            response._stage = Stage.ANSWERED

    else:
        return None
    run = compose(middleware, talk, run_in_thread) if middleware else talk

    async def connect(request: Request[Any, Any], response: Response[Any], socket: WebSocket) -> None:
        request._socket = socket
        await run(request, response)

    return connect


def _with_classes(run: Run, action: Action) -> Run:
    """Give the handler the subclasses of Request and Response that it is annotated with."""
    request_class, response_class = action.request_class, action.response_class
    if request_class is Request and response_class is Response:
        return run

    def run_with_classes(request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        request.__class__ = request_class
        response.__class__ = response_class
        return run(request, response)

    return run_with_classes


def _warn_of_value(run: Run, action: Action, source: str) -> Run:
    """Warn of a handler that returns its answer. NEXTJS: in development only; the value is ignored."""
    code = getattr(inspect.unwrap(action.function), "__code__", None)
    place = f"{source}, line {code.co_firstlineno}," if code is not None else source

    async def run_and_look(request: Request[Any, Any], response: Response[Any]) -> None:
        value: object = await run(request, response)  # type: ignore[func-returns-value]
        if value is not None and not isinstance(value, Response):
            logger.warning("%s returned %s, which is not sent: call res.json() or res.send().", place, type(value).__name__)

    return run_and_look


def _warn_of_misfit(run: Run, action: Action, source: str) -> Run:
    """Warn of an answer that does not fit `Response[Data]`: in development only, where a look at every answer costs nothing that counts."""
    check = make_response_check(action.types.responses)
    if check is None:
        return run
    place = f"{source}, line {action.types.line}," if action.types.line else source

    async def run_and_check(request: Request[Any, Any], response: Response[Any]) -> None:
        await run(request, response)
        text = _json_of(response)
        if text is None:
            return
        faults = check(response._status, text)
        if faults:
            logger.warning(
                "%s answered %s %s with %d and what does not fit the type in its Response[…]: %s.",
                place,
                request.method,
                request.route,
                response._status,
                "; ".join(f"{fault.path or 'the answer'} {fault.reason}" for fault in faults),
            )

    return run_and_check


def _json_of(response: Response[Any]) -> bytes | None:
    """Give a whole answer as JSON: what `json` wrote, a text that `send` was given, null for none; None for every other answer."""
    if response._stage != Stage.ANSWERED or response._channel is not None or response._source is not None or response._handed_over:
        return None
    if response._type is JSON:
        return response._body
    if response._fields is not None and "content-type" in response._fields:
        return None
    if not response._body:
        return b"null"
    return encode_json(response._body.decode()) if response._type is TEXT else None


def _by_method(runs: Mapping[str, Run]) -> Run:
    """Answer by the method's function; HEAD falls back to GET, OPTIONS is answered, others get 405 (RFC 9110 section 9)."""
    table = dict(runs)
    if "GET" in table:
        table.setdefault("HEAD", table["GET"])
    allowed = ", ".join(sorted({*table, "OPTIONS"}))

    async def answer_options(request: Request[Any, Any], response: Response[Any]) -> None:
        response.status(204).set_header("allow", allowed).end()

    async def refuse(request: Request[Any, Any], response: Response[Any]) -> None:
        response.status(405).set_header("allow", allowed).send("Method Not Allowed")

    table.setdefault("OPTIONS", answer_options)

    def run_by_method(request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        return table.get(request.method, refuse)(request, response)

    return run_by_method


def _with_deadline(run: Run, seconds: float) -> Run:
    """Stop waiting for the handler after `seconds`. A coroutine is cancelled; a thread cannot be, and runs on unheard."""

    async def run_with_deadline(request: Request[Any, Any], response: Response[Any]) -> None:
        task = asyncio.ensure_future(_contain(run, request, response))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            task.cancel()
            raise HandlerTimeout(f"The handler took longer than its maxDuration of {seconds:g} seconds.")
        error = await task
        if error is not None:
            raise error

    return run_with_deadline


async def _contain(run: Run, request: Request[Any, Any], response: Response[Any]) -> BaseException | None:
    """Run a handler in a task of its own; SystemExit and KeyboardInterrupt, left in a task, would end the loop."""
    try:
        await run(request, response)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 (raised again where it is awaited)
        return error
    return None


# The types


def _with_types(run: Run, action: Action) -> Run:
    """Decode and check what was sent just before the handler runs, by the types of its annotations; raises InvalidInput.

    SECURITY: inside of the middleware, so that who may not come in is not told what there is to send, and makes no work.
    """
    body, query = action.body, action.query
    if body is None and query is None:
        return run
    is_optional = accepts_none(action.types.body)
    refused = METHODS_NOT_FOR_A_BODY if action.types.needs_body else frozenset()

    def run_with_types(request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        if request.method in refused:
            raise ApiError(405, "Method Not Allowed", headers={"allow": "DELETE, OPTIONS, PATCH, POST, PUT"})
        if query is not None:
            request._query = query(request.query)
        if body is not None:
            header = request.index.get(b"content-type")
            raw = request.raw_body
            if request._too_large is not None:
                raise request._too_large
            if request._form is not None:
                request.body = body.decode_form(request.body, request.files)
            elif raw or (header is not None and request.method not in METHODS_WITHOUT_BODY):
                request.body = body.decode(raw or b"", read_media_type(header))
            elif not is_optional and request.method not in METHODS_WITHOUT_BODY:
                raise InvalidInput([ValidationFault("", "is missing")])
        return run(request, response)

    return run_with_types


# The body


def with_body(
    run: Run, config: RouteConfig, settings: Settings, run_in_thread: RunInThread, *, parses: bool = True, splits: bool = True
) -> Run:
    """Read the body before the handler runs, if there is one; parse it too, unless its type does that in one step with checking it.

    `splits`: a multipart form is taken apart, whose files go to the disk.
    """

    async def run_after_body(request: Request[Any, Any], response: Response[Any]) -> None:
        await _read_body(request, config, settings, run_in_thread, parses=parses, splits=splits)
        await run(request, response)

    def run_with_body(request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        index = request.index
        if b"content-length" in index or b"transfer-encoding" in index or b"content-type" in index:
            return run_after_body(request, response)
        return run(request, response)  # PERF: a GET has no body, and pays nothing for the parser

    return run_with_body


def _with_stream(run: Run, config: RouteConfig, settings: Settings) -> Run:
    """Leave the body to the handler, as `req.stream`."""

    def run_with_stream(request: Request[Any, Any], response: Response[Any]) -> Awaitable[None]:
        if _has_body(request):
            shared = SharedReceive(request._receive, settings.body_idle_seconds)
            request._receive = shared.watch
            reader = _reader(request, shared.read, settings, config.stream_limit_bytes, config.stream_limit_text)
        else:
            reader = _reader(request, request._receive, settings, config.stream_limit_bytes, config.stream_limit_text)
            reader.exhausted = True
        request._stream = reader
        return run(request, response)

    return run_with_stream


async def _read_body(
    request: Request[Any, Any], config: RouteConfig, settings: Settings, run_in_thread: RunInThread, *, parses: bool, splits: bool
) -> None:
    media = read_media_type(request.index.get(b"content-type"))
    is_form = splits and media.type_ == "multipart/form-data"
    keeps = is_form and not config.refuse_too_large
    reader = _reader(request, request._receive, settings, config.size_limit_bytes, config.size_limit_text, keeps_beginning=keeps)
    if is_form:
        if _has_body(request):
            await _read_form(request, reader, media, run_in_thread, config.refuse_too_large)
        return
    body = await reader.read() if _has_body(request) else b""
    if not body and media.type_ not in ("application/json", "application/ld+json", "application/x-www-form-urlencoded"):
        parse_body(body, media)  # refuses an unknown charset, with a body or without
        return
    encoding = request.index.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"identity", b""):
        raise RequestError(415, "Unsupported Content-Encoding")
    request.raw_body = body
    if parses:
        request.body = parse_body(body, media)


async def _read_form(
    request: Request[Any, Any], reader: BodyReader, media: MediaType, run_in_thread: RunInThread, refuse_too_large: bool
) -> None:
    if not media.boundary:
        raise BadRequest("Invalid body")
    form = MultipartForm(media.boundary, FormLimits())
    request._form = form
    gathered: list[bytes] = []
    size = 0
    try:
        async for chunk in reader:
            gathered.append(chunk)
            size += len(chunk)
            if size >= INLINE_FORM_BYTES:
                await run_in_thread(form.feed, *gathered)
                gathered, size = [], 0
    except BodyTooLarge as error:
        if refuse_too_large:
            raise
        form.feed(*gathered, reader.last_piece)
        request._too_large, request.body = error, form.read_fields()
        return
    form.feed(*gathered)
    request.body, request.files = form.finish()


def _reader(
    request: Request[Any, Any],
    receive: Receive,
    settings: Settings,
    limit_bytes: int | None,
    limit_text: str,
    *,
    keeps_beginning: bool = False,
) -> BodyReader:
    declared = request.index.get(b"content-length")
    return BodyReader(
        receive,
        settings,
        declared_bytes=int(declared) if declared is not None and declared.isdigit() else None,
        limit_bytes=limit_bytes,
        limit_text=limit_text,
        expects_continue=b"expect" in request.index,
        keeps_beginning=keeps_beginning,
    )


def _has_body(request: Request[Any, Any]) -> bool:
    index = request.index
    return b"transfer-encoding" in index or index.get(b"content-length", b"0") != b"0"
