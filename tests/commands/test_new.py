"""Making a project from a template."""

import sys
from pathlib import Path

import pytest

from slugline.commands.new import create_project, templates
from slugline.errors import ProjectError, TemplateError
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


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TemplateError, match=r"exists already and is not empty. Choose another name."):
        create_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(tmp_path):
    assert "pages/api/hello.py" in create_project(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("mine")
    with pytest.raises(TemplateError, match=r"plain exists already and is no folder. Choose another name."):
        create_project(plain)
    with pytest.raises(TemplateError, match=r"plain/x cannot be made: Not a directory. Choose another place."):
        create_project(plain / "x")
    assert plain.read_text() == "mine"


def test_a_link_to_nowhere_is_no_folder(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(TemplateError, match="is no folder"):
        create_project(tmp_path / "gone")


@pytest.mark.parametrize("place", ["a\0b", "x" * 300])
def test_a_place_that_cannot_be(tmp_path, place):
    with pytest.raises(TemplateError, match=r"cannot be made: .*Choose another place."):
        create_project(tmp_path / place)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_place_where_the_system_makes_no_folders():
    with pytest.raises(TemplateError, match="/proc/shop cannot be made"):
        create_project(Path("/proc/shop"))
