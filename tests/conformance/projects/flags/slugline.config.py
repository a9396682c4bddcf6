compress = False
powered_by_header = False
generate_etags = False
skip_trailing_slash_redirect = True

redirects = [{"source": "/Case/:id", "destination": "/api/users/:id", "permanent": False}]
rewrites = [{"source": "/rwcase", "destination": "/api/hello"}]
