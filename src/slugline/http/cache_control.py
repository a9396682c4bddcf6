"""What a Cache-Control field says that is the same everywhere (RFC 9111 section 5.2.2)."""

__all__ = ["NEVER_STORE"]

NEVER_STORE = "private, no-cache, no-store, max-age=0, must-revalidate"
"""NEXTJS: with every answer that belongs to one request alone, and with every 404 and 400 that no handler made."""
