import hashlib
import hmac
import json

config = {"api": {"bodyParser": False}}

KEY = b"topsecret"


async def handler(req, res):
    if req.method != "POST":
        res.set_header("Allow", "POST")
        return res.status(405).json({"error": "method"})
    body = b"".join([chunk async for chunk in req.stream])
    expected = "sha256=" + hmac.new(KEY, body, hashlib.sha256).hexdigest()
    given = req.headers.get("x-hub-signature-256") or ""
    if not hmac.compare_digest(given.encode(), expected.encode()):
        return res.status(401).json({"error": "bad signature"})
    event = json.loads(body)
    return res.status(200).json({"ok": True, **({"event": event["event"]} if "event" in event else {})})
