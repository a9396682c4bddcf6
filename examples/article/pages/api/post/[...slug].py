"""/api/post/a/b and everything deeper. /api/post/a goes to [pid].py, which is more exact; /api/post is answered by nobody."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    slug = req.query["slug"]
    res.end(f"Post: {', '.join(slug)}")
