async def websocket(ws):
    await ws.send(f"word: {ws.request.word}")
