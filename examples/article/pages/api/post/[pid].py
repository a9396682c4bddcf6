from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    pid = req.query["pid"]
    res.end(f"Post: {pid}")
