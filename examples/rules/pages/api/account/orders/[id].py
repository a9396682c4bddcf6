from slugline import Request, Response


def GET(req: Request, res: Response) -> None:
    res.json({"order": req.query["id"], "of": req.headers["x-user"]})
