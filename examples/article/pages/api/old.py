from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    # 307: the same request again, at another address, this time.
    res.redirect("/api/hello")
