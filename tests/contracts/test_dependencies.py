"""What pyproject.toml asks for: lower bounds alone, which `tox -e lowest` can install."""

import re
import tomllib

import pytest

from tests.lowest import PROJECT, lowest

ABOUT = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
EXTRAS = [each for extra in ABOUT["optional-dependencies"].values() for each in extra]
GIVEN = [*ABOUT["dependencies"], *EXTRAS]


@pytest.mark.parametrize("given", GIVEN)
def test_a_dependency_has_a_lower_bound_and_nothing_else(given):
    assert re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=\d+(\.\d+)*", given)


def test_the_oldest_versions_are_the_bounds():
    project = '[project]\ndependencies = ["numpy>=2.1", "ray[data]>=2"]\n[project.optional-dependencies]\nx = ["av>=9"]'
    assert lowest(project) == ["numpy==2.1", "ray==2", "av==9"]
    assert len(lowest(PROJECT.read_text(encoding="utf-8"))) == len(GIVEN) > 14
