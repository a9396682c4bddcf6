async def websocket(ws):
    await ws.send("open")
    async for _ in ws:
        pass
