from slugline.middleware import go_on, redirect, respond, rewrite

config = {"matcher": ["/api/g/:path*", "/about", "/"]}


def middleware(req):
    url = req.next_url
    match url.query.get("do"):
        case "info":
            return respond(
                {
                    "pathname": url.path,
                    "basePath": url.base_path,
                    "search": url.search,
                    "path": url.full_path,
                    "href": url.href.removeprefix(url.origin),
                    "trailing": url.path.endswith("/"),
                }
            )
        case "redirect-clone":
            return redirect(url.replace(path="/api/hello", query={}))
        case "rewrite-clone":
            return rewrite(url.replace(path="/api/users/rw", query={}))
        case "redirect-url":
            return redirect(url.join("/api/hello"))
        case "rewrite-url":
            return rewrite(url.join("/api/users/rw"))
    return go_on(headers={"x-mw": "1"})
