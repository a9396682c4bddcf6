import time

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    time.sleep(0.1)
    res.json({"text": "Hello"})
