from lib.guestbook import list_entries
from lib.users import SignedIn
from slugline import Response


def GET(req: SignedIn, res: Response) -> None:
    res.json({"asked_by": req.user.name, "entries": list_entries()})
