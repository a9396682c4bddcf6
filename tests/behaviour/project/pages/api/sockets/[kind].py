import asyncio

import notebook

from slugline import ApiError


async def websocket(ws):
    key = ws.query.get("key")
    match ws.params["kind"]:
        case "echo":
            async for message in ws:
                await ws.send(message)
            notebook.note(key, "ended")
        case "json":
            await ws.send_json({"got": await ws.receive_json()})
        case "subprotocol":
            await ws.accept("chat.v2" if "chat.v2" in ws.subprotocols else None)
            await ws.send(str(ws.subprotocol))
        case "unoffered":
            await ws.accept("never-offered")
        case "close":
            await ws.accept()
            await ws.close(4321, "enough")
        case "told":
            try:
                while True:
                    await ws.receive()
            except BaseException as error:
                notebook.note(key, [type(error).__name__, getattr(error, "code", None)])
                raise
        case "reject":
            await ws.reject(402, {"error": "pay first"})
        case "fail":
            await ws.accept()
            raise RuntimeError("hidden-word-91c2")
        case "fail-early":
            raise RuntimeError("hidden-word-91c2")
        case "api-error":
            raise ApiError(403, "not you")
        case "return":
            await ws.accept()
        case "count":
            await ws.accept()
            for number in range(3):
                await ws.send_text(str(number))
        case "send-only":
            try:
                while True:
                    await ws.send("tick")
                    await asyncio.sleep(0.02)
            except BaseException as error:
                notebook.note(key, [type(error).__name__, getattr(error, "code", None)])
                raise
