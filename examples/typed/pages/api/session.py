"""Sign in and out."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from lib.tasks import Fault
from lib.users import User, end_session, start_session
from slugline import Created, NoContent, Request, Response, Status

PASSWORDS = {"Ada": "engine", "Grace": "cobol"}  # in earnest: hashes, in a database


@dataclass
class Login:
    name: str
    password: str


def POST(req: Request[Login], res: Response[Created[User] | Annotated[Fault, Status(401)]]) -> None:
    """Sign in; the session is a cookie."""
    login = req.body
    if not hmac.compare_digest(PASSWORDS.get(login.name, "\0").encode(), login.password.encode()):
        res.status(401).json(Fault("Name or password is wrong."))
        return
    user = User(login.name)
    start_session(res, user)
    res.status(201).json(user)


def DELETE(req: Request, res: Response[NoContent]) -> None:
    """Sign out."""
    end_session(res)
    res.status(204).end()
