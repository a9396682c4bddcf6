"""A WebSocket that repeats what it hears: `new WebSocket("ws://localhost:3000/api/echo")`."""

from slugline import WebSocket


async def websocket(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)
