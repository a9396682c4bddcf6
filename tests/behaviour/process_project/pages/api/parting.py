import asyncio
import os


async def websocket(ws):
    await ws.send("open")
    try:
        async for _ in ws:
            pass
    finally:  # the server stops
        await asyncio.sleep(float(ws.query.get("for", "0.7")))
        await ws.send("goodbye")
        with open(os.environ["BEHAVIOUR_NOTES"], "a") as notes:
            notes.write("parted\n")
