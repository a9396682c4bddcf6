from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    # 301: for ever, so browsers remember it.
    res.redirect(301, "/api/hello")
