"""Measure Slugline beside the bare ASGI application and its peers, in one run on one machine.

    python benchmarks/run.py --rounds 5 --seconds 1.5 --only slugline --only bare --tasks async --tasks json

One server at a time, on one core, the load on another. Every round starts each program anew and asks it every task, so that
slow minutes of the machine and lucky starts of a process fall on all of them. benchmarks/README.md explains the figures.
"""

import argparse
import contextlib
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chart import draw_chart
from lineup import PROGRAMS
from load import Answer, LoadFailed
from machine import describe_machine, find_versions
from many_files import measure_files
from reload import NoAnswer, measure_reload
from report import write_report
from results import Entry, Figures, Results, Round, read_results
from rounds import Run, find_answers
from targets import judge
from tasks import QUICK_TASKS, TASKS, TASKS_BY_NAME, Task

from servers import Program, ServerFailed, choose_cores, pinned_to, serving

FOLDER = Path(__file__).parent
SECONDS = 1.5
QUICK_SECONDS = 1.0
WARM_UP_SECONDS = 0.4
CONNECTIONS = 64
SAVES = 40
OTHER_TASKS = {"files": "13. 10,000 route files", "reload": "14. From save to new answer"}
FIRST_TASKS = {"start", "memory"}
"""Tasks that are looked at before and beside the first load."""
MORE_STARTS = 2
FATAL_KINDS = {"slugline", "limit"}
QUICK_PROGRAMS = ["slugline", "bare", "fastapi", "blacksheep"]


def main() -> int:
    """Run the rounds and print the report; 1 when `--check` is given and a target was missed, 2 when Slugline or the limit failed."""
    options = parse_arguments()
    if options.from_json:
        results = read_results(options.from_json)
    else:
        if shutil.which("wrk") is None:
            print("wrk is not on this machine. On Debian: apt-get install wrk", file=sys.stderr)
            return 2
        try:
            results = run_all(options)
        except (ServerFailed, LoadFailed) as error:
            print(f"{error}\nWhat was measured until then can be read with --from-json.", file=sys.stderr)
            return 2
    reasons = FOLDER / "missed.md"
    report = write_report(results, reasons.read_text() if reasons.is_file() else "")
    print(report)
    if options.write or is_full(options):
        (FOLDER / "RESULTS.md").write_text(report)
        (FOLDER / "results.svg").write_text(draw_chart(results))
        print(f"Written: {FOLDER / 'RESULTS.md'} and results.svg")
    return 1 if options.check and not all(verdict.reached for verdict in judge(results)) else 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure Slugline beside its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, help=f"length of one measurement, {SECONDS:g} without --quick")
    parser.add_argument("--warm-up-seconds", type=float, default=WARM_UP_SECONDS)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--saves", type=int, default=SAVES, help="saves for each development server")
    names = [program.name for program in PROGRAMS]
    parser.add_argument("--only", action="append", choices=names, metavar="PROGRAM", help=f"may be repeated: {', '.join(names)}")
    tasks = [*TASKS_BY_NAME, *OTHER_TASKS]
    parser.add_argument("--tasks", action="append", choices=tasks, metavar="TASK", help=f"may be repeated: {', '.join(tasks)}")
    parser.add_argument("--quick", action="store_true", help="tasks 1 to 4, Slugline, the limit, FastAPI and BlackSheep")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where everything that was measured is kept, round by round")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="measure nothing, and make the report of such a file")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and results.svg though it was not a whole run")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    options = parser.parse_args()
    if options.quick:
        options.only = options.only or [name for name in QUICK_PROGRAMS if name in names]
        options.tasks = options.tasks or QUICK_TASKS
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    return options


def is_full(options: argparse.Namespace) -> bool:
    """Tell whether a run measured everything, often enough."""
    return not (options.only or options.tasks or options.from_json) and options.rounds >= 5


# The rounds


def run_all(options: argparse.Namespace) -> Results:
    """Measure everything that was asked for; what was found is kept after every round."""
    cores = choose_cores()
    # A deployment has its files compiled; where this is set, every start would compile them anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    programs = [program for program in PROGRAMS if not options.only or program.name in options.only]
    names = options.tasks or [*TASKS_BY_NAME, *OTHER_TASKS]
    tasks = [task for task in TASKS if task.name in names]
    kept = options.json or Path(tempfile.gettempdir()) / "slugline-benchmark.json"
    results = Results(
        machine=describe_machine(cores) | describe_options(options),
        programs=[describe_program(program) for program in programs],
        tasks={task.name: task.title for task in tasks} | {name: title for name, title in OTHER_TASKS.items() if name in names},
    )
    for line in results.machine.items():
        print("{}: {}".format(*line))
    print(f"takes about {estimate_minutes(options, programs, tasks, names):.0f} minutes; what was measured is kept in {kept}", flush=True)
    with pinned_to(cores[1]):
        for program in programs:
            prepare(program, results)
        if tasks:
            with tempfile.TemporaryDirectory() as folder:
                environment = {"BENCHMARK_ANSWERS": str(Path(folder) / "answers.json")}
                answers = find_answers(programs, cores[0])
                Path(environment["BENCHMARK_ANSWERS"]).write_text(json.dumps(answers, default=vars))
                for number in range(options.rounds):
                    results.rounds.append({})
                    for program in programs:
                        print(f"round {number + 1}: {program.title}", flush=True)
                        run_program(program, tasks, results, options, cores, environment, answers)
                        kept.write_text(results.to_json())
        measure_others(results, names, options, cores)
    kept.write_text(results.to_json())
    return results


def measure_others(results: Results, names: Sequence[str], options: argparse.Namespace, cores: tuple[set[int], set[int]]) -> None:
    """Measure what has projects of its own. A failure is told beside the rest, which has taken half an hour by then."""
    try:
        if "files" in names:
            print(OTHER_TASKS["files"], flush=True)
            results.files = measure_files(cores[0])
    except ServerFailed as error:
        results.errors.setdefault("slugline", {})["files"] = str(error)
    try:
        if "reload" in names:
            print(OTHER_TASKS["reload"], flush=True)
            results.reload = measure_reload(options.saves, cores[0] | cores[1])
    except NoAnswer as error:
        results.errors.setdefault("slugline", {})["reload"] = str(error)


def describe_options(options: argparse.Namespace) -> dict[str, str]:
    """Say how it was measured."""
    loads = f"{options.seconds:g} s and a warm-up for each measurement, {options.connections} connections, one worker"
    return {"command": shlex.join(["benchmarks/run.py", *sys.argv[1:]]), "rounds": f"{options.rounds}, interleaved; {loads}"}


def estimate_minutes(options: argparse.Namespace, programs: Sequence[Program], tasks: Sequence[Task], names: Sequence[str]) -> float:
    """Guess how long the run takes, from runs that were timed."""
    seconds: float = 60.0 * ("files" in names) + (30 + 3 * (options.saves + 1) * 0.6) * ("reload" in names)
    for program in programs:
        loads = sum(program.offers(task.name) for task in tasks[:9])
        extra = 2.0 * ("upload" in [task.name for task in tasks] and program.offers("upload"))
        seconds += options.rounds * (4 + extra + loads * (options.seconds + options.warm_up_seconds + 0.1))
    return seconds / 60


def describe_program(program: Program) -> Entry:
    """Say what the report has to know."""
    kind = find_kind(program)
    return Entry(program.name, program.title, kind, find_versions(program.versions or (["node"] if kind == "node" else [])))


def find_kind(program: Program) -> str:
    """Tell Slugline, the limit, the peers in Python and the programs in JavaScript apart."""
    if program.name.startswith("slugline"):
        return "slugline"
    if program.name.startswith("bare-") or program.name == "bare":
        return "limit"
    return "node" if any("{node}" in word for word in program.command) else "python"


def prepare(program: Program, results: Results) -> None:
    """Build what has to be built; a program that cannot be is left out of all tasks."""
    if program.prepare is None:
        return
    print(f"building {program.title}", flush=True)
    try:
        program.prepare()
    except Exception as error:  # noqa: BLE001 (whatever stops a peer's build is told in the report)
        leave_out(program, list(results.tasks), error, results)


def run_program(
    program: Program,
    tasks: Sequence[Task],
    results: Results,
    options: argparse.Namespace,
    cores: tuple[set[int], set[int]],
    environment: Mapping[str, str],
    answers: Mapping[str, Answer],
) -> None:
    """Start a program, ask it every task that it offers, and add the figures to the last round."""
    failed = results.errors.setdefault(program.name, {})
    offered = [task for task in tasks if program.offers(task.name) and task.name not in failed]
    if not offered:
        return
    # Which greeting stands for the program where it is asked anything at all.
    hello = TASKS_BY_NAME["async" if program.offers("async") else "def"]
    found: dict[str, Figures] = {}
    try:
        # One start may be lucky; the middle one of three is not.
        wanted = range(MORE_STARTS) if any(task.name == "start" for task in offered) else ()
        starts = [measure_start(program, cores[0], environment, hello) for _ in wanted]
        with serving(program, cores[0], environment, hello.path) as server:
            run = Run(program, server, options, cores[1], answers, hello)
            names = [task.name for task in offered]
            first = [name for name in names if name in FIRST_TASKS]
            if first:
                with failure_noted(program, [*first, hello.name], results):
                    found = {name: figures for name, figures in run.measure_first(starts).items() if name in names}
            for task in offered:
                if task.name not in found and task.name not in failed:
                    with failure_noted(program, [task.name], results):
                        found[task.name] = run.measure_task(task)
    except ServerFailed as error:
        if find_kind(program) in FATAL_KINDS:
            raise
        leave_out(program, [task.name for task in offered], error, results)
    last: Round = results.rounds[-1]
    last[program.name] = found


def measure_start(program: Program, cores: set[int], environment: Mapping[str, str], hello: Task) -> float:
    """Start a program, stop it, and give the seconds to its first answer."""
    with serving(program, cores, environment, hello.path) as server:
        return server.start_seconds


@contextlib.contextmanager
def failure_noted(program: Program, tasks: Sequence[str], results: Results) -> Iterator[None]:
    """Let a peer fail in a task without an end of the run."""
    try:
        yield
    except LoadFailed as error:
        if find_kind(program) in FATAL_KINDS:
            raise LoadFailed(f"{program.title}, {', '.join(tasks)}: {error}") from error
        leave_out(program, tasks, error, results)


def leave_out(program: Program, tasks: Sequence[str], error: Exception, results: Results) -> None:
    """Note why a program is not measured any more."""
    text = f"{error}"[:1000]
    print(f"  {program.title} is left out of {', '.join(tasks)}: {text}", file=sys.stderr, flush=True)
    results.errors.setdefault(program.name, {}).update(dict.fromkeys(tasks, text))


if __name__ == "__main__":
    sys.exit(main())
