def handler(req, res):
    match req.method:
        case "GET":
            res.status(200).json({"ok": True})
        case "POST":
            res.status(201).json({"created": req.body})
        case method:
            res.set_header("Allow", ["GET", "POST"])
            res.status(405).end(f"Method {method} Not Allowed")
