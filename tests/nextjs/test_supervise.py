"""A Next.js process beside Python, played by small scripts."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from slugline.nextjs.supervise import NextProcess, mark_line


def make_process(code: str, lines: list[str], tmp_path: Path) -> NextProcess:
    return NextProcess([sys.executable, "-u", "-c", code], directory=tmp_path, environment=os.environ, write=lines.append)


async def wait_for_line(lines: list[str], text: str) -> None:
    async with asyncio.timeout(20):
        while text not in lines:
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended is there until its parent asks.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if Path("/proc/self").exists() else True


@pytest.mark.parametrize(
    ("who", "colours", "expected"),
    [
        ("next", False, "next  │ ready"),
        ("python", False, "python│ ready"),
        ("next", True, "\033[2mnext  │ \033[0mready"),
        ("python", True, "\033[36mpython│ \033[0mready"),
    ],
)
def test_marks(who: str, colours: bool, expected: str) -> None:
    assert mark_line(who, "ready", colours=colours) == expected


async def test_every_line_is_handed_on(tmp_path: Path) -> None:
    lines: list[str] = []
    code = "import sys; print('one\\r'); print('zwei ü', file=sys.stderr); print('x' * 200_000); print('no end', end='')"
    process = make_process(code, lines, tmp_path)
    await process.start()
    assert await process.wait() == 0
    assert lines == ["one", "zwei ü", "x" * 200_000, "no end"]


async def test_a_stop_ends_the_whole_tree_gracefully(tmp_path: Path) -> None:
    lines: list[str] = []
    code = f"""
import signal, subprocess, sys
child = subprocess.Popen([{sys.executable!r}, '-u', '-c', '''
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("the child ends"), sys.exit(0)))
print("the child runs")
signal.pause()
'''])
signal.signal(signal.SIGTERM, lambda *_: (child.wait(), print("the parent ends"), sys.exit(143)))
print(child.pid)
signal.pause()
"""
    process = make_process(code, lines, tmp_path)
    await process.start()
    await wait_for_line(lines, "the child runs")
    assert await process.stop(20) == 143
    assert lines[-2:] == ["the child ends", "the parent ends"]
    assert process.describe_end(143) is None


async def test_what_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    lines: list[str] = []
    code = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])
print(child.pid)
print("ready")
signal.pause()
"""
    process = make_process(code, lines, tmp_path)
    await process.start()
    await wait_for_line(lines, "ready")
    assert await process.stop(0.2) == -9
    async with asyncio.timeout(10):
        while is_running(int(lines[0])):
            await asyncio.sleep(0.01)


async def test_an_end_of_its_own_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    lines: list[str] = []
    code = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])
print(child.pid)
print("Error: the port is taken")
sys.exit(7)
"""
    process = make_process(code, lines, tmp_path)
    await process.start()
    async with asyncio.timeout(20):
        status = await process.wait()
    report = process.describe_end(status)
    assert report is not None
    assert report.startswith("Next.js ended by itself with status 7: -u -c ")
    assert report.endswith(f"Its last lines:\n{lines[0]}\nError: the port is taken")
    async with asyncio.timeout(10):
        while is_running(int(lines[0])):
            await asyncio.sleep(0.01)


async def test_an_end_by_a_signal_is_told(tmp_path: Path) -> None:
    process = make_process("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", [], tmp_path)
    await process.start()
    report = process.describe_end(await process.wait())
    assert report is not None
    assert "by SIGKILL" in report
    assert report.endswith("It printed nothing.")


async def test_a_stop_after_the_end(tmp_path: Path) -> None:
    process = make_process("pass", [], tmp_path)
    await process.start()
    await process.wait()
    assert await process.stop(1) == 0


async def test_a_process_that_was_not_started(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="start was not called"):
        await make_process("pass", [], tmp_path).wait()
