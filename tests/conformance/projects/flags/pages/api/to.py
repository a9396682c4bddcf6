def handler(req, res):
    res.redirect(req.query.get("to", "/login"))
