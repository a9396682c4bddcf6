"""One program in one round: how each task is checked and measured."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from load import Answer, LoadFailed, Measurement, ask, idle_connections, measure, measure_burst, measure_few
from memory import find_worker, measure_growth, read_memory
from results import Figures
from tasks import LARGE_UPLOAD, TASKS_BY_NAME, UPLOAD, Task, Upload

from servers import Program, Server, serving

FEW_CONNECTIONS = {"upload": 2, "stream": 4}
IDLE_CONNECTIONS = 500
IDLE_SECONDS = 3.0
"""At most: uvicorn closes a connection after 5 s in which nothing came, and 500 take a part of them to open."""
BURST = 20

# What the bare application sends when Slugline is not among the programs of a run.
USUAL_HEADERS = [("content-type", "application/json; charset=utf-8"), ("vary", "Accept-Encoding")]


class Run:
    """A program that was started for a round, and how each task is measured with it."""

    def __init__(
        self,
        program: Program,
        server: Server,
        options: argparse.Namespace,
        cores: set[int],
        answers: Mapping[str, Answer],
        hello: Task,
    ) -> None:
        self.program = program
        self.server = server
        self.options = options
        self.cores = cores
        self.answers = answers
        self.hello = hello

    def measure_task(self, task: Task) -> Figures:
        """Check the answer, warm up and measure."""
        port, seconds = self.server.port, self.options.seconds
        if task.name == "upload":
            return self.measure_upload(task)
        if task.name == "etag":
            task = self.make_conditional(task)
        if task.name == "idle":
            task = replace(self.hello, name="idle")
        self.check(task, ask(port, task))
        if task.name == "blocking":
            measure_burst(port, task, requests=BURST)
            return {"seconds": measure_burst(port, task, requests=BURST)}
        if task.name == "stream":
            few = FEW_CONNECTIONS["stream"]
            measure_few(port, task, connections=few, seconds=self.options.warm_up_seconds, cores=self.cores)
            return figures_of(measure_few(port, task, connections=few, seconds=seconds, cores=self.cores))
        if task.name == "idle":
            with idle_connections(port, task, IDLE_CONNECTIONS):
                return self.load(task, min(seconds, IDLE_SECONDS))
        return self.load(task, seconds)

    def measure_first(self, starts: Sequence[float]) -> dict[str, Figures]:
        """Look at what only a program that has just started can show: its start, and its memory before and after the load of a greeting.

        `starts` are the seconds that it took before; the middle one counts. The load is the measurement of the greeting's own task, so
        that is among what is given.
        """
        idle = read_memory(self.server.process_id)
        found = {"start": {"start": median([*starts, self.server.start_seconds]) * 1000}, self.hello.name: self.measure_task(self.hello)}
        worker = find_worker(self.server.process_id)
        loaded = read_memory(self.server.process_id)
        memory = {
            "idle": idle.resident.get(worker, 0.0),
            "loaded": loaded.resident.get(worker, 0.0),
            "idle_together": idle.together,
            "loaded_together": loaded.together,
        }
        return {**found, "memory": memory}

    def load(self, task: Task, seconds: float) -> Figures:
        """Warm up and measure with wrk."""
        port, connections = self.server.port, self.options.connections
        measure(port, task, connections=connections, seconds=self.options.warm_up_seconds, cores=self.cores)
        return figures_of(measure(port, task, connections=connections, seconds=seconds, cores=self.cores))

    def measure_upload(self, task: Task) -> Figures:
        """Upload once each size alone, for the memory, which is the warm-up too, and then again and again."""
        port, growth = self.server.port, {}
        for name, upload in (("growth_32", UPLOAD), ("growth_128", LARGE_UPLOAD)):
            sized = replace(task, answer=upload.answer)
            growth[name] = measure_growth(self.server.process_id, partial(self.upload_once, sized, upload))
        found = measure_few(
            port, task, connections=FEW_CONNECTIONS["upload"], seconds=self.options.seconds, cores=self.cores, upload=UPLOAD
        )
        return figures_of(found) | growth

    def upload_once(self, task: Task, upload: Upload) -> None:
        """Send it and look at the answer."""
        self.check(task, ask(self.server.port, task, upload))

    def make_conditional(self, task: Task) -> Task:
        """Ask for the whole, and give the task to ask again with its tag."""
        whole = ask(self.server.port, task)
        self.check(task, whole)
        tag = whole.find("etag")
        if tag is None:
            raise LoadFailed(f"{task.target} was answered without an ETag")
        return replace(task, headers={"If-None-Match": tag}, status=304, answer=b"")

    def check(self, task: Task, answer: Answer) -> None:
        """Refuse to measure a program that answers something else; LoadFailed says what.

        Peers have headers of their own, but the bare application has to send every byte that Slugline sends.
        """
        if (answer.status, answer.body.encode("latin-1")) != (task.status, task.answer):
            said, wanted = answer.body[:300], task.answer[:300].decode()
            raise LoadFailed(f"{task.target} was answered with {answer.status} {said!r}\nexpected {task.status} {wanted!r}")
        expected = self.answers.get("304" if task.status == 304 else task.path)
        if self.program.name == "bare" and expected is not None and sorted(answer.headers) != sorted(expected.headers):
            raise LoadFailed(f"{task.target} was answered with the headers {answer.headers}\nexpected {expected.headers}, as of Slugline")


def figures_of(measurement: Measurement) -> Figures:
    """Name the figures of a measurement."""
    return {"rate": measurement.requests_per_second, "p99": measurement.latency_99_milliseconds}


# The same bytes


def find_answers(programs: Sequence[Program], cores: set[int]) -> dict[str, Answer]:
    """Ask Slugline for the answers whose header bytes the bare application sends too, by path; the one to a known tag is called "304"."""
    names = ["async", "def", "dynamic", "stream", "etag"]
    tasks = {TASKS_BY_NAME[name].path: TASKS_BY_NAME[name] for name in names}
    slugline = next((program for program in programs if program.name == "slugline"), None)
    if slugline is None:
        answers = {path: Answer(200, usual_headers(task), task.answer.decode()) for path, task in tasks.items()}
        return answers | {"304": Answer(304, [("etag", '"benchmark"')], "")}
    with serving(slugline, cores, {}, TASKS_BY_NAME["async"].path) as server:
        answers = {path: ask(server.port, task) for path, task in tasks.items()}
        tagged = replace(TASKS_BY_NAME["etag"], headers={"If-None-Match": answers["/api/etag"].find("etag") or ""})
        return answers | {"304": ask(server.port, tagged)}


def usual_headers(task: Task) -> list[tuple[str, str]]:
    """Make headers like Slugline's."""
    return [*USUAL_HEADERS, ("etag", '"benchmark"'), ("content-length", str(len(task.answer)))]
