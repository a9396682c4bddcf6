"""Types for the type checker: what the body holds, and what the answer holds."""

from typing import TypedDict

from slugline import Request, Response


class Order(TypedDict):
    item: str
    count: int


class Receipt(TypedDict):
    item: str
    total: float


def POST(req: Request[Order], res: Response[Receipt]) -> None:
    order = req.body
    res.json({"item": order["item"], "total": 2.5 * order["count"]})
