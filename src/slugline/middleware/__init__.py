"""Middleware: the ready-made ones, and the types to write one's own."""

from slugline.middleware.chain import Middleware, Next
from slugline.middleware.cors import Cors

__all__ = ["Cors", "Middleware", "Next"]
