"""/api/articles, which articles/[...slug].py does not answer. A file beside the folder is one way to say it."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"all": "articles"})
