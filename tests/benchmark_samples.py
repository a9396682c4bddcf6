"""Results as a run would leave them."""

from results import Entry, Results, Round

PROGRAMS = [
    Entry("slugline", "Slugline (slugline start)", "slugline", "slugline 0.1.0"),
    Entry("bare", "bare ASGI, Granian", "limit"),
    Entry("fastapi", "FastAPI, uvicorn", "python", "fastapi 0.165.0"),
    Entry("swift", "Swift & Sons", "python"),
    Entry("next", "Next.js (next start)", "node"),
]


def make_results(*rates: dict[str, float], task: str = "async", figure: str = "rate") -> Results:
    """Make results of one task, a mapping of program to figure for each round."""
    rounds: list[Round] = [{program: {task: {figure: value}} for program, value in one.items()} for one in rates]
    return Results(machine={"processor": "a slow one"}, programs=PROGRAMS, tasks={task: "1. Hello, `async def`"}, rounds=rounds)
