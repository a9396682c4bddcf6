"""The tasks: list them, and add one."""

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec

from lib.tasks import NewTask, Priority, Task, add_task, list_tasks
from slugline import Created, Request, Response


class Filter(TypedDict):
    done: NotRequired[bool]
    priority: NotRequired[Priority]
    limit: NotRequired[Annotated[int, msgspec.Meta(ge=1, le=100, description="How many at most; 20 when it is not said.")]]


def GET(req: Request[Any, Filter], res: Response[list[Task]]) -> None:
    """List tasks.

    The oldest come first.
    """
    query = req.query
    res.json(list_tasks(query.get("done"), query.get("priority"), query.get("limit", 20)))


def POST(req: Request[NewTask], res: Response[Created[Task]]) -> None:
    """Add a task."""
    res.status(201).json(add_task(req.body))
