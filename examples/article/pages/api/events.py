"""Server-sent events: in a browser, `new EventSource("/api/events")`."""

import asyncio

from slugline import Request, Response


async def handler(req: Request, res: Response) -> None:
    stream = res.event_stream()
    for number in range(3):
        stream.send({"number": number}, event="count", id=str(number))
        await stream.drain()
        await asyncio.sleep(0.05)
    stream.close()
