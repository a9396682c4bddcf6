"""A request with a type of one's own, made so by a middleware."""

from typing import Annotated, TypedDict

from lib.users import SignedIn, sign_in
from slugline import Response, Status

middleware = [sign_in]


class Profile(TypedDict):
    name: str


class Refusal(TypedDict):
    error: str


def handler(req: SignedIn, res: Response[Profile | Annotated[Refusal, Status(401)]]) -> None:
    res.json({"name": req.user.name})
