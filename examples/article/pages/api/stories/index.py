"""/api/stories, which [...slug].py does not answer. An index.py beside it is another way to say it."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"all": "stories"})
