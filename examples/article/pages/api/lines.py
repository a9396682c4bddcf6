"""The same in a `def` handler: a plain `for`."""

from slugline import Request, Response

config = {"api": {"bodyParser": False}}


def handler(req: Request, res: Response) -> None:
    res.json({"lines": sum(chunk.count(b"\n") for chunk in req.stream)})
