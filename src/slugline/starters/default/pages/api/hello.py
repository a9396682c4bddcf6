from slugline import Request, Response


# `def`: this may block (a database, a model) without holding up other requests. `async def` is for what awaits.
def handler(req: Request, res: Response) -> None:
    res.status(200).json({"text": "Hello"})
