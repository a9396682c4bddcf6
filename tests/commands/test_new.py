"""Making a project from a template."""

import pytest

from slugline.commands.new import create_project, templates
from slugline.errors import ProjectError
from slugline.project.discover import discover


@pytest.mark.parametrize("template", templates())
def test_every_template_makes_a_project_that_loads(tmp_path, template):
    made = create_project(tmp_path / "deep" / "shop", template)
    assert made == sorted(made)
    assert ".gitignore" in made
    assert "gitignore" not in made
    assert not [path for path in made if "__pycache__" in path]
    assert discover(tmp_path / "deep" / "shop").table.ordered()


def test_there_is_a_default():
    assert "default" in templates()


@pytest.mark.parametrize("template", ["", "nothing", "..", "__pycache__"])
def test_a_template_that_is_none_makes_nothing(tmp_path, template):
    with pytest.raises(ProjectError, match="There is no template"):
        create_project(tmp_path / "shop", template)
    assert not (tmp_path / "shop").exists()
