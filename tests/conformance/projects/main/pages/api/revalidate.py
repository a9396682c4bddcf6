async def handler(req, res):
    path = {"none": None, "number": 5}.get(req.query.get("arg"), req.query.get("path"))
    try:
        await res.revalidate(path, only_generated="only" in req.query)
    except Exception as error:
        res.status(500).json({"error": str(error)})
    else:
        res.json({"revalidated": True})
