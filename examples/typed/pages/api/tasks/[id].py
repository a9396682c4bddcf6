"""One task: read it, change it, remove it."""

from dataclasses import dataclass
from typing import Any

from lib.tasks import Fault, Task, TaskChange, change_task, find_task, remove_task
from slugline import NoContent, NotFound, Request, Response


@dataclass
class ById:
    id: int


def GET(req: Request[Any, ById], res: Response[Task | NotFound[Fault]]) -> None:
    """Give a task."""
    task = find_task(req.query.id)
    if task is None:
        res.status(404).json(Fault("There is no such task."))
    else:
        res.json(task)


def PATCH(req: Request[TaskChange, ById], res: Response[Task | NotFound[Fault]]) -> None:
    """Change a task."""
    task = change_task(req.query.id, req.body)
    if task is None:
        res.status(404).json(Fault("There is no such task."))
    else:
        res.json(task)


def DELETE(req: Request[Any, ById], res: Response[NoContent | NotFound[Fault]]) -> None:
    """Remove a task."""
    if remove_task(req.query.id):
        res.status(204).end()
    else:
        res.status(404).json(Fault("There is no such task."))
