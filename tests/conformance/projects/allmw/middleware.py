from urllib.parse import quote

from slugline.middleware import go_on, respond


def middleware(req):
    path = req.next_url.path
    if path == "/api/blocked":
        return respond("blocked", status=403)
    return go_on(headers={"x-mw-path": quote(path, safe="/;,?:@&=+$-_.!~*'()#")})
