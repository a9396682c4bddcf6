from slugline import Request, Response


def POST(req: Request, res: Response) -> None:
    res.delete_cookie("session").redirect(303, "/")
