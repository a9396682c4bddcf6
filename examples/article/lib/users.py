"""Who is asking: a request that knows its user, and the middleware that finds out."""

from dataclasses import dataclass

from slugline import ApiError, Request, Response
from slugline.middleware import Next

# In earnest: a table of hashed tokens in a database.
USERS_BY_TOKEN = {"token-of-ada": "Ada", "token-of-grace": "Grace"}


@dataclass(frozen=True)
class User:
    name: str


class SignedIn(Request):
    """A request that went through `sign_in`. The type checker knows `req.user` then."""

    user: User


def sign_in(req: SignedIn, res: Response, next: Next) -> None:
    scheme, _, token = req.headers.get("authorization", "").partition(" ")
    name = USERS_BY_TOKEN.get(token) if scheme.lower() == "bearer" else None
    if name is None:
        raise ApiError(401, "Sign in first.", headers={"WWW-Authenticate": "Bearer"})
    req.user = User(name)
    next()
