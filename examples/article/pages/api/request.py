"""What has been read of the request before the handler runs."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"cookies": req.cookies, "query": req.query, "body": req.body})
