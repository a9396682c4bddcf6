"""For every route in this folder and below it."""

from lib.users import SignedIn, sign_in
from slugline import ApiError, Response
from slugline.middleware import Next


def only_ada(req: SignedIn, res: Response, next: Next) -> None:
    if req.user.name != "Ada":
        raise ApiError(403, "Only Ada may do that.")
    next()


middleware = [sign_in, only_ada]
