import notebook


async def handler(req, res):
    notebook.note("count", req.url)
    res.json({"run": len(notebook.NOTES["count"])})
