from typing import Annotated

import msgspec

from slugline import Request, Response


class Customer(msgspec.Struct):
    name: str
    email: str


class Item(msgspec.Struct):
    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    price: float


class Order(msgspec.Struct):
    id: int
    customer: Customer
    items: list[Item]
    note: str
    paid: bool
    created: str


async def POST(req: Request[Order], res: Response[Order]) -> None:
    res.json(req.body)
