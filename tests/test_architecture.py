"""The order of the layers: every import points down, and the bottom knows nothing of files, sockets or clocks."""

import ast
from pathlib import Path

import pytest

import slugline

PACKAGE = Path(slugline.__file__).parent

# From the top to the bottom; names on one line may not import each other.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"commands"},
    {"dev", "nextjs", "testing"},
    {"__init__"},
    {"adapters"},
    {"runtime"},
    {"pages"},
    {"project"},
    {"schema"},
    {"middleware"},
    {"routing"},
    {"http"},
    {"errors", "callables", "keep"},
]
PURE_LAYERS = {"http", "routing"}
IMPURE_MODULES = {"asyncio", "os", "pathlib", "socket", "time", "threading", "subprocess"}
# `os.PathLike` is how Python says "a path": a type, not the file system.
ALLOWED = {("http/response.py", "os"), ("http/multipart_form.py", "os")}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "starters" not in path.parts)


def layer_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def rank(layer: str) -> int:
    return next(index for index, names in enumerate(LAYERS) if layer in names)


def imports_of(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.append(node.module)
            if node.module == "slugline":
                names.extend(f"slugline.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path) -> None:
    own = layer_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "slugline" or len(parts) < 2:
            continue
        target = parts[1] if (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file() else "__init__"
        if target == own:
            continue
        assert rank(target) > rank(own), f"{path.relative_to(PACKAGE)} imports {name}, which is not below it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_stand_at_the_top_of_the_file(path: Path) -> None:
    tree = ast.parse(path.read_text())
    top_level = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert id(node) in top_level, f"{path.relative_to(PACKAGE)}:{node.lineno} imports inside a function or a block"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if layer_of(path) in PURE_LAYERS], ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_the_bottom_is_pure(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    for name in imports_of(path):
        root = name.split(".")[0]
        assert root not in IMPURE_MODULES or (relative, root) in ALLOWED, f"{relative} imports {name}"


def test_every_layer_is_known() -> None:
    assert {layer_of(path) for path in MODULES} <= set().union(*LAYERS)
