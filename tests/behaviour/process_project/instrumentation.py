"""Notes its start and its end in the file that the test names."""

import os
from pathlib import Path


def note(line):
    path = os.environ.get("BEHAVIOUR_NOTES")
    if path:
        with Path(path).open("a") as file:
            file.write(f"{line}\n")


async def register():
    note("register")
    if os.environ.get("BEHAVIOUR_FAIL"):
        raise RuntimeError("no database there")


async def shutdown():
    note("shutdown")
