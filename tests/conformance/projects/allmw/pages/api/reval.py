async def handler(req, res):
    try:
        await res.revalidate(req.query.get("path"))
    except Exception as error:
        res.status(500).json({"error": str(error)})
    else:
        res.json({"revalidated": True})
