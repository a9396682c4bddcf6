import asyncio

from lib.answers import unknown_kind


class StatusError(Exception):
    """An error with an attribute that looks like a status."""

    def __init__(self, status_code):
        super().__init__("with a status")
        self.statusCode = self.status_code = status_code


class ApiError(StatusError):
    """Bears the name of the framework's own error, and is not it."""


class NoException(BaseException):
    """What is thrown, and is not an error."""


async def handler(req, res):
    match req.query["kind"]:
        case "sync":
            raise RuntimeError("User error")
        case "async":
            await asyncio.sleep(0.005)
            raise RuntimeError("User error")
        case "reject":
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(RuntimeError("User error"))
            await failed
        case "string":
            raise "User error"
        case "null" | "undefined":
            raise None
        case "object":
            raise NoException({"message": "User error"})
        case "status-prop":
            raise StatusError(418)
        case "api-error-name":
            raise ApiError(403)
        case "type-error":
            None.missing()
        case "after-status":
            res.status(404)
            raise RuntimeError("User error")
        case "after-header":
            res.set_header("X-Before", "1")
            res.set_header("Content-Type", "application/json")
            raise RuntimeError("User error")
        case "after-cookie":
            res.set_header("Set-Cookie", "a=1")
            raise RuntimeError("User error")
        case "after-write":
            res.write("partial")
            raise RuntimeError("User error")
        case "after-end":
            res.end("complete")
            raise RuntimeError("User error")
        case "after-json":
            res.status(201).json({"ok": True})
            raise RuntimeError("User error")
        case "caught":
            try:
                raise RuntimeError("User error")
            except RuntimeError:
                res.status(500).json({"error": "failed to load data"})
        case "throw-response":
            raise res
        case _:
            unknown_kind(res)
