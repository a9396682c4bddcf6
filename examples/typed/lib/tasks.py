"""Tasks, in memory: what they are, and where they are kept."""

import enum
import itertools
import threading
from datetime import UTC, date, datetime
from typing import Annotated

import msgspec


class Priority(enum.Enum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


Title = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewTask(msgspec.Struct, forbid_unknown_fields=True):
    """What it takes to make a task."""

    title: Title
    priority: Priority = Priority.NORMAL
    due: date | None = None
    tags: Annotated[list[Annotated[str, msgspec.Meta(max_length=30)]], msgspec.Meta(max_length=10)] = []


class TaskChange(msgspec.Struct, forbid_unknown_fields=True):
    """What may be changed of a task; what is left out stays."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    done: bool | msgspec.UnsetType = msgspec.UNSET


class Task(msgspec.Struct):
    """A thing to do."""

    id: int
    title: str
    priority: Priority
    due: date | None
    tags: list[str]
    done: bool
    created: datetime


class Fault(msgspec.Struct):
    """Why something could not be done; what `ApiError` sends."""

    error: str


_tasks: dict[int, Task] = {}
_numbers = itertools.count(1)
_lock = threading.Lock()  # `def` handlers run on several threads


def add_task(new: NewTask) -> Task:
    with _lock:
        task = Task(next(_numbers), new.title, new.priority, new.due, new.tags, done=False, created=datetime.now(UTC))
        _tasks[task.id] = task
        return task


def list_tasks(done: bool | None, priority: Priority | None, limit: int) -> list[Task]:
    with _lock:
        found = [task for task in _tasks.values() if done in (None, task.done) and priority in (None, task.priority)]
    return found[:limit]


def find_task(number: int) -> Task | None:
    return _tasks.get(number)


def change_task(number: int, change: TaskChange) -> Task | None:
    with _lock:
        task = _tasks.get(number)
        if task is None:
            return None
        said = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
        _tasks[number] = msgspec.structs.replace(task, **said)
        return _tasks[number]


def remove_task(number: int) -> bool:
    with _lock:
        return _tasks.pop(number, None) is not None
