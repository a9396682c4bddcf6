"""Start and stop of the application: SECRET-MARKER-7f3a."""

import notebook


async def register() -> None:
    notebook.note("instrumentation", "registered")
