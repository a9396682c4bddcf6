"""Next.js API Routes in Python."""

from slugline.adapters.asgi import create_app
from slugline.errors import ApiError, WebSocketClosed
from slugline.http.multipart_form import UploadFile
from slugline.http.request import Request
from slugline.http.response import EventStream, Response
from slugline.http.ui_message_stream import UiMessageStream
from slugline.keep import keep
from slugline.middleware.chain import run_middleware
from slugline.runtime.run_root_middleware import MiddlewareRequest
from slugline.runtime.settings import Settings
from slugline.runtime.websocket import WebSocket
from slugline.schema.form import Form, read_form
from slugline.schema.signature import Accepted, Conflict, Created, Forbidden, NoContent, NotFound, Status

__all__ = [
    "Accepted",
    "ApiError",
    "Conflict",
    "Created",
    "EventStream",
    "Forbidden",
    "Form",
    "MiddlewareRequest",
    "NoContent",
    "NotFound",
    "Request",
    "Response",
    "Settings",
    "Status",
    "UiMessageStream",
    "UploadFile",
    "WebSocket",
    "WebSocketClosed",
    "create_app",
    "keep",
    "read_form",
    "run_middleware",
]
