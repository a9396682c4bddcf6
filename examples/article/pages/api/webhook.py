"""A webhook that believes only what is signed with the shared secret."""

import hashlib
import hmac
import os

from slugline import ApiError, Request, Response


def POST(req: Request, res: Response) -> None:
    secret = os.environ.get("WEBHOOK_SECRET", "change-me").encode()
    # The signature is of the bytes as they came; written anew, the JSON could differ by a space.
    expected = hmac.new(secret, req.raw_body or b"", hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), req.headers.get("x-signature", "").encode()):
        raise ApiError(401, "The signature is wrong.")
    res.json({"accepted": req.body})
