"""One function for each method. Others get 405, HEAD is answered by GET, and OPTIONS says which there are."""

from slugline import Request, Response


def GET(req: Request, res: Response) -> None:
    res.json({"id": req.query["id"], "done": False})


def PUT(req: Request, res: Response) -> None:
    res.json({"id": req.query["id"], "saved": req.body})


def DELETE(req: Request, res: Response) -> None:
    res.status(204).end()
