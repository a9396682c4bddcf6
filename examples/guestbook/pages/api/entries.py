"""The same entries as JSON, from the same function as the page."""

from lib.guestbook import list_entries, read_number
from slugline import Request, Response


def GET(req: Request, res: Response) -> None:
    res.json({"entries": list_entries(before=read_number(req.query.get("before")))})
