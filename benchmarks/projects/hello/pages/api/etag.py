from slugline import Request, Response

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]


async def handler(req: Request, res: Response) -> None:
    res.json({"items": ITEMS})
