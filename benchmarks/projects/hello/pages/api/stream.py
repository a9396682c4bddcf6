from collections.abc import AsyncIterator

from slugline import Request, Response


async def make_chunks() -> AsyncIterator[bytes]:
    for number in range(10_000):
        yield b"chunk %05d\n" % number


async def handler(req: Request, res: Response) -> None:
    res.set_header("Content-Type", "text/plain").send(make_chunks())
