"""Ask a Slugline project, or any ASGI application, in memory: no server, no port, no network.

    with TestClient("my_project") as client:
        assert client.get("/api/hello").json() == {"text": "Hello"}

`AsyncTestClient` is the same with `async with` and `await`. The scope that the application sees is that of a real server.
"""

from slugline.testing.client import AsyncTestClient
from slugline.testing.events import Event
from slugline.testing.exchange import IncompleteResponse
from slugline.testing.response import Response
from slugline.testing.stream import AsyncStream
from slugline.testing.sync_client import Stream, TestClient, WebSocketSession
from slugline.testing.websocket import AsyncWebSocketSession, WebSocketRejected

__all__ = [
    "AsyncStream",
    "AsyncTestClient",
    "AsyncWebSocketSession",
    "Event",
    "IncompleteResponse",
    "Response",
    "Stream",
    "TestClient",
    "WebSocketRejected",
    "WebSocketSession",
]
