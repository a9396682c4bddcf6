"""Task 13: a project of 10,000 route files beside one of 10, until the first answer, in memory, and in the time of a look-up."""

import statistics
import tempfile
import timeit
from functools import partial
from pathlib import Path

from memory import find_worker, read_memory
from results import Figures
from router import PATHS, make_table

from servers import Program, serving, start_command
from slugline.routing.table import RouteTable

SIZES = {"few": 10, "many": 10_000}
STARTS = 3
FOLDER_SIZE = 100
PATIENCE_SECONDS = 90.0
ROUNDS = 9
CALLS = 20_000
ASKED = "/api/first/7"
ROUTE = """from slugline import Request, Response


async def handler(req: Request, res: Response) -> None:
    res.json({{"route": {number}}})
"""


def measure_files(cores: set[int]) -> Figures:
    """Start both projects in turns, and look routes up in tables of both sizes."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            write_project(Path(folder, name), size)
        for _ in range(STARTS):
            for name, size in SIZES.items():
                program = Program(name, f"Slugline, {size:,} routes", start_command(Path(folder, name)))
                with serving(program, cores, {}, ASKED, PATIENCE_SECONDS) as server:
                    memory = read_memory(server.process_id).resident.get(find_worker(server.process_id), 0.0)
                    found.setdefault(f"{name}_start", []).append(server.start_seconds * 1000)
                    found.setdefault(f"{name}_memory", []).append(memory)
    # The first start of each writes compiled files, as a deployment would have done, and is not counted.
    figures = {name: statistics.median(values[1:]) for name, values in found.items()}
    return figures | {"match": measure_match()}


def write_project(folder: Path, size: int) -> None:
    """Write the routes: in folders of a hundred, half of them static and half dynamic."""
    api = folder / "pages" / "api"
    write(api / "first" / "[id].py", 0)
    for number in range(1, size):
        name = f"route{number}.py" if number % 2 else f"route{number}/[id].py"
        write(api / f"folder{number // FOLDER_SIZE}" / name, number)


def write(file: Path, number: int) -> None:
    """Write one route."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(ROUTE.format(number=number))


def measure_match() -> float:
    """Give how many times as long a look-up takes with many routes: the largest of the paths' medians."""
    few, many = (make_table(size) for size in SIZES.values())
    return max(statistics.median(compare(few, many, path) for _ in range(ROUNDS)) for path in PATHS.values())


def compare(few: RouteTable[None], many: RouteTable[None], path: str) -> float:
    """Time a path in both tables, one after the other."""
    times = [timeit.timeit(partial(table.match, path), number=CALLS) for table in (few, many)]
    return times[1] / times[0]
