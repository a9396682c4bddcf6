"""A response that is read while it is being written."""

from collections.abc import AsyncIterator

from slugline.testing.events import Event, EventParser
from slugline.testing.exchange import HttpExchange
from slugline.testing.response import ContentDecoder, Response, ResponseHead, ResponseHeaders

__all__ = ["AsyncStream"]


class AsyncStream(ResponseHead):
    """Status and headers are there; the body comes as the application sends it, once."""

    def __init__(self, exchange: HttpExchange, url: str, history: list[Response]) -> None:
        super().__init__(exchange.status, ResponseHeaders(exchange.fields), url, history)
        self._exchange = exchange
        self._chunks = exchange.chunks()

    async def iter_raw(self) -> AsyncIterator[bytes]:
        """Give the chunks as sent."""
        async for chunk in self._chunks:
            yield chunk

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Give the chunks without gzip or deflate. Raises IncompleteResponse where the application broke off."""
        decoder = ContentDecoder(self.headers)
        async for chunk in self._chunks:
            if decoded := decoder.feed(chunk):
                yield decoded

    async def events(self) -> AsyncIterator[Event]:
        """Give server-sent events as they come."""
        parser = EventParser()
        async for chunk in self.iter_bytes():
            for event in parser.feed(chunk):
                yield event

    async def read(self) -> Response:
        """Read what is left, wait until the application is done, and give the whole response."""
        content = b"".join([chunk async for chunk in self._chunks])
        await self._exchange.finish()
        return Response(self.status_code, self.headers, self.url, self.history, content)
