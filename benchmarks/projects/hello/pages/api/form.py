from slugline import Request, Response


async def POST(req: Request, res: Response) -> None:
    res.json(req.body)
