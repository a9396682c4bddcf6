def GET(req, res):
    res.send("get")


def HEAD(req, res):
    res.set_header("x-by", "HEAD").end()


def OPTIONS(req, res):
    res.set_header("x-by", "OPTIONS").send("options")
