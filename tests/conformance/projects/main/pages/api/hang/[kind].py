import asyncio

from lib.answers import unknown_kind


async def handler(req, res):
    match req.query["kind"]:
        case "never":
            return None
        case "return-value":
            return {"a": 1}
        case "return-response":
            return res
        case "write-no-end":
            res.write("started")
        case "status-only":
            res.status(204)
        case "late":
            asyncio.get_running_loop().call_later(0.15, lambda: res.json({"late": True}))
        case "return-json":
            return res.status(200).json({"returned": True})
        case "await-then":
            await asyncio.sleep(0.03)
            res.json({"awaited": True})
            return "ignored"
        case _:
            unknown_kind(res)
    return None
