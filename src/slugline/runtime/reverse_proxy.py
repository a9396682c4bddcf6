"""Answering a request with what another server answers: rewrites whose destination is a URL.

How to think about it. Two connections, each with framing, clocks and back-pressure of its own, and a request and an answer
that pass from the one to the other piece by piece. Nothing is kept whole, nothing is decoded, and nothing that was cut off on
one side looks complete on the other.
"""

import asyncio
import functools
import logging
from importlib import import_module
from typing import Any

from slugline.errors import ConfigError, InvalidHeader, InvalidStatus, ResponseError
from slugline.http.request import Request
from slugline.http.response import Response, Stage
from slugline.runtime.access_log import escape
from slugline.runtime.body_reader import BodyReader
from slugline.runtime.channel import StreamCut
from slugline.runtime.forwarded_fields import answer_fields, body_length, handshake_fields, read_target, request_fields
from slugline.runtime.forwarding import Exchange, Upload
from slugline.runtime.run_websocket import run_websocket
from slugline.runtime.settings import Settings
from slugline.runtime.shared_receive import SharedReceive
from slugline.runtime.websocket import WebSocket
from slugline.runtime.websocket_relay import relay

__all__ = ["ReverseProxy"]

logger = logging.getLogger("slugline")

# Node.js and uvicorn close a connection that was idle for 5 seconds. A POST that is sent in that moment is lost, and may not be sent again.
KEEP_ALIVE_SECONDS = 4.0
# Twice as much is held for a client that reads slowly, and for the server that takes an upload slowly.
BUFFER_BYTES = 64 * 1024
# Node.js takes heads up to 16 KiB in all; other servers send more.
FIELD_BYTES = 64 * 1024
# Granian and uvicorn refuse larger messages from a client too.
MESSAGE_BYTES = 16 * 1024 * 1024
WEBSOCKET_CLOSE_SECONDS = 2.0
LOGGED_CHARACTERS = 200
# What the library would add of its own to a request that has none.
NEVER_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class ReverseProxy:
    """Forwards requests and WebSockets to other servers, over connections that are kept and bounded in number.

    Raises ConfigError when the package aiohttp is not installed. Belongs to the loop of its first request.
    """

    def __init__(self, settings: Settings) -> None:
        self._aiohttp, self._yarl = _import_client()
        self._settings = settings
        self._session: Any = None
        # What can go wrong with the other server; InvalidHeader and InvalidStatus are answers that cannot be passed on.
        self._failures = (self._aiohttp.ClientError, self._aiohttp.http.HttpProcessingError, OSError, InvalidHeader, InvalidStatus)

    async def close(self) -> None:
        """Close all connections; what is under way fails."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: Request[Any, Any], response: Response[Any], url: str) -> None:
        """Answer with what the server at `url` answers to this request; header fields that are set already are added to its own.

        A server that cannot be reached, is silent for too long or does not speak HTTP gives 500, and a line in the log; when that
        happens in the middle of its answer, the client's connection is cut. Raises ClientDisconnected when the client leaves,
        BodyTimeout and TruncatedBody for its body, BadRequest for a body whose length is not certain, ResponseError for a URL
        that is none, Overloaded when too many streams are open.
        """
        target = self._yarl_url(read_target(url))
        length = body_length(request)
        exchange = Exchange(self._settings.proxy_idle_seconds)
        upload = self._open_upload(request, exchange, length) if length != 0 else None
        answer = None
        try:
            async with exchange:
                if upload is None:
                    exchange.watch_client(request)
                answer = await self._open_session().request(
                    request.method, target, headers=request_fields(request, length), data=upload, allow_redirects=False
                )
                await _pass_on(answer, response, exchange)
        except self._failures as error:
            _fail(request, response, target, error)
        finally:
            if answer is not None:
                answer.close()
            if upload is not None:
                await upload.close()

    async def forward_websocket(self, request: Request[Any, Any], socket: WebSocket, url: str) -> None:
        """Join a WebSocket that has not been accepted yet to the one at `url`, and give it an end.

        The other server chooses the subprotocol. It refuses → so do we, with its status; it cannot be reached → 500. Messages and
        closes go both ways, each side read only as fast as the other takes. Raises ResponseError for a URL that is none.
        """
        target = self._yarl_url(read_target(url))
        await run_websocket(functools.partial(self._join, request, target), socket, logger)

    async def _join(self, request: Request[Any, Any], target: Any, socket: WebSocket) -> None:
        try:
            async with asyncio.timeout(self._settings.proxy_idle_seconds):
                upstream = await self._open_session().ws_connect(
                    target,
                    protocols=socket.subprotocols,
                    headers=handshake_fields(request),
                    heartbeat=self._settings.proxy_idle_seconds,
                    max_msg_size=MESSAGE_BYTES,
                    timeout=self._aiohttp.ClientWSTimeout(ws_close=WEBSOCKET_CLOSE_SECONDS),
                )
        except self._aiohttp.WSServerHandshakeError as refusal:
            # Below 400 nothing was refused: a redirect, which no browser follows, or a page.
            await socket.reject(refusal.status if 400 <= refusal.status <= 599 else 502)
            return
        except self._failures as error:
            _log(request, target, error)
            await socket.reject(500)
            return
        await relay(socket, upstream, self._aiohttp.WSMsgType, functools.partial(_log, request, target))

    def _open_upload(self, request: Request[Any, Any], exchange: Exchange, length: int | None) -> Upload:
        shared = SharedReceive(request._receive, self._settings.proxy_idle_seconds)
        request._receive = shared.watch
        reader = BodyReader(shared.read, self._settings, declared_bytes=length, limit_bytes=None)
        return Upload(reader, request, exchange)

    def _yarl_url(self, target: str) -> Any:
        # Encoded already: otherwise "%2F" and "/../" would be made into what they are not.
        return self._yarl.URL(target, encoded=True)

    def _open_session(self) -> Any:
        if self._session is None:
            settings, aiohttp = self._settings, self._aiohttp
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=settings.proxy_connections, keepalive_timeout=KEEP_ALIVE_SECONDS),
                # SECURITY: one visitor's cookies must never go out with another's request.
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.proxy_connect_seconds),
                skip_auto_headers=NEVER_ADDED,
                auto_decompress=False,
                read_bufsize=BUFFER_BYTES,
                max_line_size=FIELD_BYTES,
                max_field_size=FIELD_BYTES,
                trust_env=False,
            )
        return self._session


async def _pass_on(answer: Any, response: Response[Any], exchange: Exchange) -> None:
    """Send the answer's head, then its body as it comes."""
    exchange.progress()
    _take_head(answer, response)
    channel = _open_channel(response)
    if not channel.discards:
        while chunk := await answer.content.readany():
            exchange.progress()
            if not channel.write(chunk):
                with exchange.waiting_for_client():
                    await channel.drain()
    response.end()


def _take_head(answer: Any, response: Response[Any]) -> None:
    response.status(answer.status)
    for name, lines in answer_fields(answer.raw_headers).items():
        earlier = response.get_header(name) if name == "set-cookie" else None
        every = [*([earlier] if isinstance(earlier, str) else earlier or []), *lines]
        response.set_header(name, every if len(every) > 1 else every[0])


def _open_channel(response: Response[Any]) -> Any:
    """Send the head; not as `res.write` does, which gives an answer without a type one."""
    if response._host is None:
        raise ResponseError("This response does not belong to a running application, so nothing can be forwarded to it.")
    channel = response._host.open_channel(response)
    response._stage = Stage.STREAMING
    response._channel = channel
    return channel


def _fail(request: Request[Any, Any], response: Response[Any], target: Any, error: BaseException) -> None:
    """Answer 500; cut the connection when the head has gone."""
    _log(request, target, error)
    channel: Any = response._channel
    if channel is not None:
        channel.close(StreamCut("The other server broke off in the middle of its answer."))
        response._stage = Stage.ANSWERED
        return
    response._fields = None
    # NEXTJS: the status and the text, for a dead server and a silent one alike.
    response.status(500).end("Internal Server Error")


def _log(request: Request[Any, Any], target: Any, error: BaseException) -> None:
    # Without the query, which may hold a secret, and which the library's own texts repeat.
    where = f"{target.scheme}://{target.raw_authority}{target.raw_path}"
    said = getattr(error, "message", None)
    reason = (said if isinstance(said, str) else str(error)).replace(str(target), where).partition("\n")[0][:LOGGED_CHARACTERS]
    name = type(error).__name__
    logger.error("%s %s could not be forwarded to %s: %s: %s.", request.method, escape(request.path), escape(where), name, escape(reason))


def _import_client() -> tuple[Any, Any]:
    try:
        return import_module("aiohttp"), import_module("yarl")
    except ImportError as error:
        raise ConfigError(
            "slugline.config.py rewrites to another server, and the package aiohttp, which forwards requests, is not installed. "
            'Run `pip install "slugline[proxy]"`.'
        ) from error
