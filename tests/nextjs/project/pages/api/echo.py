def handler(req, res):
    headers = {
        name: req.headers.get(name) for name in ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-slugline-owner", "host")
    }
    res.set_cookie("session", "from python", http_only=True)
    res.set_cookie("second", "2")
    res.json({"method": req.method, "body": req.body, "cookies": req.cookies, "query": req.query, "headers": headers})
