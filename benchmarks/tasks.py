"""What every program is asked, and what it has to answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """One request: the load generator sends it again and again."""

    name: str
    title: str
    target: str
    """Path and query as sent."""
    body: str
    """The body that every program answers, with status 200."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


TASKS = [
    Task("async", "hello, `async def`", "/api/hello_async", '{"text":"Hello"}'),
    Task("def", "hello, `def`", "/api/hello_def", '{"text":"Hello"}'),
    Task(
        "dynamic",
        "dynamic route with query and cookie, `async def`",
        "/api/post/abc?page=2",
        '{"pid":"abc","page":"2","sid":"abc"}',
        {"Cookie": "sid=abc"},
    ),
]
