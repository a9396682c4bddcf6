import notebook


def fails():
    raise RuntimeError("the afterthought failed")


async def handler(req, res):
    res.after(fails)
    res.after(notebook.note, req.query["key"], "next one ran")
    res.json({"answered": True})
