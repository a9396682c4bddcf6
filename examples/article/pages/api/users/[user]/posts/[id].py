from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"user": req.query["user"], "id": req.query["id"]})
