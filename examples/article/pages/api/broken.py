"""A middleware that fails, and nobody who expects it: the client gets a plain 500, the log gets everything."""

from slugline import Request, Response, run_middleware
from slugline.middleware import Next


def connect(req: Request, res: Response, next: Next) -> None:
    next(ConnectionError("The database at 10.0.0.7 does not answer."))


async def handler(req: Request, res: Response) -> None:
    await run_middleware(req, res, connect)
    res.json({"message": "Never reached."})
