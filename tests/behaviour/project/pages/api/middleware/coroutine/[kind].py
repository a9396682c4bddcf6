import notebook
from lib_middleware import coroutine, plain

from slugline import run_middleware


async def handler(req, res):
    key = req.query["key"]
    try:
        await run_middleware(req, res, coroutine if req.query["of"] == "coroutine" else plain)
    except RuntimeError as error:
        res.status(500).json({"caught": str(error)})
        return
    notebook.note(key, "went on")
    res.json({"seen": req.seen})
