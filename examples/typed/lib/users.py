"""Who is asking: a request that knows its user, and the middleware that finds out by a signed cookie."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any

from typing_extensions import TypeVar

from slugline import ApiError, Request, Response
from slugline.middleware import Next

# In earnest: from the environment alone, and without it no start.
SECRET = os.environ.get("SESSION_SECRET", "change-me").encode()
COOKIE = "session"

Body = TypeVar("Body", default=Any)


@dataclass(frozen=True)
class User:
    """Somebody who has signed in."""

    name: str


class SignedIn(Request[Body]):
    """A request that went through `session`: its handler has `req.user`, and the type checker knows it."""

    user: User


def session(req: SignedIn, res: Response, next: Next) -> None:
    name, _, signature = req.cookies.get(COOKIE, "").rpartition(".")
    if not name or not hmac.compare_digest(signature.encode(), _sign(name).encode()):
        raise ApiError(401, "Sign in first.")
    req.user = User(name)
    next()


def start_session(res: Response[Any], user: User) -> None:
    res.set_cookie(COOKIE, f"{user.name}.{_sign(user.name)}", http_only=True, same_site="lax")


def end_session(res: Response[Any]) -> None:
    res.delete_cookie(COOKIE)


def _sign(name: str) -> str:
    return hmac.new(SECRET, name.encode(), hashlib.sha256).hexdigest()
