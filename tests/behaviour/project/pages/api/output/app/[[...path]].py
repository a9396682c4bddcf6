from urllib.parse import parse_qs

FIELDS = {
    "nul": [(b"x-a", b"a\0b")],
    "lf": [(b"x-a", b"a\nb")],
    "name": [(b"x a", b"b")],
    "text": [("x-a", "b")],
    "length": [(b"content-length", b"abc")],
    "length-twice": [(b"content-length", b"5"), (b"content-length", b"6")],
    "coding": [(b"transfer-encoding", b"chunked")],
    "upgrade": [(b"upgrade", b"h2c"), (b"connection", b"upgrade")],
    "short": [(b"content-length", b"50")],
    "long": [(b"content-length", b"2")],
}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    if scope["type"] == "websocket":
        await talk(query, receive, send)
        return
    status = int(query.get("status", "200"))
    await send({"type": "http.response.start", "status": status, "headers": FIELDS.get(query.get("fields"), [])})
    await send({"type": "http.response.body", "body": b"12345"})


async def talk(query, receive, send):
    await receive()
    match query["do"]:
        case "refuse":
            await send({"type": "websocket.http.response.start", "status": int(query["status"]), "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"no"})
        case "subprotocol":
            await send({"type": "websocket.accept", "subprotocol": "a\x01b\r\n"})
        case "accept-twice":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "still here"})
        case "close-code":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": int(query["code"])})
