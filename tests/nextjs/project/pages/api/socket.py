async def websocket(ws):
    async for message in ws:
        await ws.send(f"python: {message}")
