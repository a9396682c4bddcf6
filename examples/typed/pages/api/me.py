"""Who has signed in."""

from typing import Annotated

from lib.tasks import Fault
from lib.users import SignedIn, User, session
from slugline import Response, Status

middleware = [session]


def GET(req: SignedIn, res: Response[User | Annotated[Fault, Status(401)]]) -> None:
    """Give the user of the session."""
    res.json(req.user)
