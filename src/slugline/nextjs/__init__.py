"""Python routes inside a Next.js app: Next.js stands in front, and hands on what is Python's."""
