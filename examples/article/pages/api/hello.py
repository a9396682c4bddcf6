from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    res.status(200).json({"text": "Hello"})
