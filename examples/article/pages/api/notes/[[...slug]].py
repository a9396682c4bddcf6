"""/api/notes and all below it: two brackets make the catch-all optional. For /api/notes itself `slug` is not there."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"slug": req.query.get("slug", [])})
