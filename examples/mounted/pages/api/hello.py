from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.json({"from": "Slugline"})
