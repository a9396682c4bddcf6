"""Code that the routes share. Nothing in here answers a request by itself."""
