"""A request with a type of one's own, made so by a middleware."""

from typing import TypedDict

from lib.users import SignedIn, sign_in
from slugline import Response

middleware = [sign_in]


class Profile(TypedDict):
    name: str


def handler(req: SignedIn, res: Response[Profile]) -> None:
    res.json({"name": req.user.name})
