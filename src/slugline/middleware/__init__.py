"""Ready-made middleware, the types to write one, and what the root middleware of a project returns."""

from slugline.middleware.chain import Middleware, Next
from slugline.middleware.cors import Cors
from slugline.middleware.outcome import RequestURL, go_on, redirect, respond, rewrite

__all__ = ["Cors", "Middleware", "Next", "RequestURL", "go_on", "redirect", "respond", "rewrite"]
