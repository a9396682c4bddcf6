from slugline import Request, Response


async def handler(req: Request, res: Response) -> None:
    res.json({"text": "Hello"})
