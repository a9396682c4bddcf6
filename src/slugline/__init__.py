"""Next.js API Routes in Python."""

from slugline.adapters.asgi import create_app
from slugline.errors import ApiError, WebSocketClosed
from slugline.http.multipart_form import UploadFile
from slugline.http.request import Request
from slugline.http.response import EventStream, Response
from slugline.keep import keep
from slugline.middleware.chain import run_middleware
from slugline.runtime.settings import Settings
from slugline.runtime.websocket import WebSocket
from slugline.schema.form import Form, read_form

__all__ = [
    "ApiError",
    "EventStream",
    "Form",
    "Request",
    "Response",
    "Settings",
    "UploadFile",
    "WebSocket",
    "WebSocketClosed",
    "create_app",
    "keep",
    "read_form",
    "run_middleware",
]
