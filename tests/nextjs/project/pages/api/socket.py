async def websocket(ws):
    if "origin" in ws.headers:
        await ws.send(str(ws.same_origin))
    async for message in ws:
        await ws.send(f"python: {message}")
