def handler(req, res):
    raw = req.query["code"]
    res.status(read_code(raw, req.query.get("as")))
    match req.query.get("body"):
        case "text":
            res.send(f"code {raw}")
        case "none":
            res.send()
        case "end":
            res.end()
        case _:
            res.json({"code": raw})


def read_code(raw, form):
    if form == "str":
        return raw
    try:
        return float(raw) if form == "float" else int(raw)
    except ValueError:
        return float("nan")
