"""The order as a type, for the peers that leave the choice of a checker to their users."""

from typing import Annotated

import msgspec


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
