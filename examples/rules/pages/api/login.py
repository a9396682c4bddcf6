from dataclasses import dataclass

from lib.sessions import make_session
from slugline import Request, Response, read_form


@dataclass
class SignIn:
    name: str


def POST(req: Request, res: Response) -> None:
    form = read_form(req, SignIn)
    if not form.valid or not form.data.name.strip():
        res.redirect(303, "/login")
        return
    # A real one asks for a password here.
    session = make_session(form.data.name.strip())
    res.set_cookie("session", session, http_only=True, same_site="lax").redirect(303, "/account")
