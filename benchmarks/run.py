"""Measure Slugline beside the bare ASGI application and FastAPI, in one run on one machine.

    python benchmarks/run.py --rounds 5 --seconds 3 --connections 64 --only slugline --only bare

One server at a time, on one core, the load on another. Every round starts each program anew and asks it every task, so that
slow minutes of the machine and lucky starts of a process fall on all of them. benchmarks/README.md explains the figures.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from load import Answer, LoadFailed, ask, measure
from report import Results, print_ratios, print_tables
from tasks import TASKS, Task

from servers import PROGRAMS, Program, ServerFailed, choose_cores, running

Item = TypeVar("Item", Task, Program)

# What the bare application sends when Slugline is not among the programs of a run.
USUAL_HEADERS = [("content-type", "application/json; charset=utf-8"), ("vary", "Accept-Encoding")]


def main() -> int:
    """Run the rounds and print the report; 1 when `--check` is given and a target was missed, 2 when a program failed."""
    options = parse_arguments()
    if shutil.which("wrk") is None:
        print("wrk is not on this machine. On Debian: apt-get install wrk", file=sys.stderr)
        return 2
    try:
        results = run_rounds(options)
    except (ServerFailed, LoadFailed) as error:
        print(error, file=sys.stderr)
        return 2
    print_tables(results, choose(TASKS, options.tasks), choose(PROGRAMS, options.only))
    reached = print_ratios(results)
    return 1 if options.check and not reached else 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure Slugline beside its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--warm-up-seconds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", action="append", choices=[program.name for program in PROGRAMS], help="a program; may be repeated")
    parser.add_argument("--tasks", action="append", choices=[task.name for task in TASKS], help="a task; may be repeated")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    return parser.parse_args()


def choose(items: Sequence[Item], names: list[str] | None) -> list[Item]:
    """Choose the named items, or all."""
    return [item for item in items if names is None or item.name in names]


def run_rounds(options: argparse.Namespace) -> Results:
    """Check every program's answers, then measure round by round."""
    server_cores, load_cores = choose_cores()
    programs, tasks = choose(PROGRAMS, options.only), choose(TASKS, options.tasks)
    print(f"rounds: {options.rounds}, each measurement {options.seconds} s, {options.connections} connections, one worker", end=", ")
    print(f"server on core {server_cores or 'any'}, wrk on core {load_cores or 'any'}")
    results: Results = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        environment = {"BENCHMARK_ANSWERS": str(Path(folder) / "answers.json")}
        expected = find_expected_answers(programs, tasks, server_cores)
        save_answers(Path(environment["BENCHMARK_ANSWERS"]), expected)
        for number in range(options.rounds):
            for program in programs:
                print(f"round {number + 1}: {program.title}", flush=True)
                with running(program, server_cores, environment) as port:
                    for task in tasks:
                        check_answer(program, task, ask(port, task), expected[task.name])
                        for seconds in (options.warm_up_seconds, options.seconds):
                            found = measure(port, task, connections=options.connections, seconds=seconds, cores=load_cores)
                        results[task.name, program.name].append(found)
    return results


def find_expected_answers(programs: Sequence[Program], tasks: Sequence[Task], cores: set[int]) -> dict[str, Answer]:
    """Ask Slugline each task once: the bare application sends the same header bytes."""
    slugline = next((program for program in programs if program.name == "slugline"), None)
    if slugline is None:
        return {task.name: Answer(200, [*USUAL_HEADERS, ("content-length", str(len(task.body)))], task.body) for task in tasks}
    with running(slugline, cores, {}) as port:
        return {task.name: ask(port, task) for task in tasks}


def save_answers(file: Path, expected: dict[str, Answer]) -> None:
    """Write the file that programs/bare_asgi.py reads."""
    paths = {task.name: task.path for task in TASKS}
    answers = {paths[name]: {"status": answer.status, "headers": answer.headers, "body": answer.body} for name, answer in expected.items()}
    file.write_text(json.dumps(answers))


def check_answer(program: Program, task: Task, answer: Answer, expected: Answer) -> None:
    """Refuse to measure a program that answers something else; LoadFailed says what.

    Peers have headers of their own, but the bare application has to send every byte that Slugline sends.
    """
    same = (answer.status, answer.body) == (200, task.body)
    same_headers = sorted(answer.headers) == sorted(expected.headers)
    if not same or (program.name in {"slugline", "bare"} and not same_headers):
        raise LoadFailed(f"{program.title} answered {task.target} with {answer}\nexpected status 200, body {task.body}, as in {expected}")


if __name__ == "__main__":
    sys.exit(main())
