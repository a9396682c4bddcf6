import asyncio

from lib.answers import unknown_kind


async def handler(req, res):
    match req.query["kind"]:
        case "sse":
            res.write_head(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            for number in range(3):
                res.write(f"data: {number}\n\n")
                await asyncio.sleep(0.02)
            res.end()
        case "pipe":
            for chunk in ("piped-", "data"):
                res.write(chunk)
                await res.drain()
            res.end()
        case "readable":
            async for chunk in letters():
                res.write(chunk)
            res.end()
        case "error-midway":
            res.write_head(200, {"Content-Type": "text/plain"})
            res.write("part1;")
            await asyncio.sleep(0.03)
            raise RuntimeError("midway")
        case "ndjson":
            res.set_header("Content-Type", "application/x-ndjson")
            for number in range(3):
                res.write(f'{{"i":{number}}}\n')
            res.end()
        case _:
            unknown_kind(res)


async def letters():
    for letter in "xyz":
        yield letter
