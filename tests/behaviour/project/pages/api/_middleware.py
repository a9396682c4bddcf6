# SECRET-MARKER-7f3a
middleware = []
