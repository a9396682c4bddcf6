"""Where a front end finds the API: by slugline.config.py, and by what next.config says in plain values."""

from pathlib import Path

import pytest

from slugline.project.config import ProjectConfig
from slugline.project.front_end import Address, find_address, has_typescript


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("next.config.js", "module.exports = { basePath: '/app' }", Address("/app")),
        (
            "next.config.mjs",
            'export default { "basePath": "/app/inner", "trailingSlash": true }',
            Address("/app/inner", trailing_slash=True),
        ),
        ("next.config.ts", "const c: NextConfig = {\n  trailingSlash: true,\n}\nexport default c", Address(trailing_slash=True)),
        ("next.config.mts", "export default { basePath: `/app` }", Address("/app")),
        ("next.config.js", "module.exports = { trailingSlash: false, basePath: '' }", Address()),
        ("next.config.js", "// basePath: '/app'\n/* trailingSlash: true */\nmodule.exports = {}", Address()),
        ("next.config.js", "module.exports = { basePath: process.env.BASE, trailingSlash: slashes }", Address()),
        ("next.config.js", "module.exports = { skipTrailingSlashRedirect: true, notBasePath: '/x' }", Address()),
        ("next.config.js", "module.exports = { images: 'https://x.example', // basePath: '/app'\n basePath: '/b' }", Address("/b")),
        ("other.js", "module.exports = { basePath: '/app' }", Address()),
    ],
)
def test_what_next_config_says(tmp_path: Path, name: str, text: str, expected: Address) -> None:
    (tmp_path / name).write_text(text)
    assert find_address(tmp_path, ProjectConfig()) == expected


def test_our_own_configuration_goes_first(tmp_path: Path) -> None:
    (tmp_path / "next.config.js").write_text("module.exports = { basePath: '/app' }")
    assert find_address(tmp_path, ProjectConfig(base_path="/own", trailing_slash=True)) == Address("/own", trailing_slash=True)


def test_typescript_is_known_by_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    assert not has_typescript(tmp_path)
    (tmp_path / "tsconfig.json").write_text("{}")
    assert has_typescript(tmp_path)
