"""The documentation says what the code does: settings, kinds, commands and addresses cannot drift apart unseen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from destinations_ui import kinds
from destinations_ui.audit.models import Outcome

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def settings_read() -> set[str]:
    """Return the settings that settings.py asks the environment for."""
    source = (ROOT / "destinations_ui" / "settings.py").read_text()
    return set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))


def test_the_readme_lists_exactly_the_settings_that_are_read() -> None:
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))

    assert settings_read() == listed


def test_the_example_environment_has_exactly_the_settings_that_are_read() -> None:
    listed = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert settings_read() == listed


def test_the_readme_lists_exactly_the_kinds_there_are() -> None:
    listed = dict(re.findall(r"^\| ([\w /]+) \| `([a-z0-9-]+)` \|$", README, re.MULTILINE))

    assert {kind.label: slug for slug, kind in kinds.registry().items()} == listed


def test_the_readme_lists_every_command() -> None:
    folder = ROOT / "destinations_ui" / "management" / "commands"
    commands = {path.stem for path in folder.glob("[a-z]*.py")}

    assert commands == set(re.findall(r"^\| `python manage\.py (\w+)` \|", README, re.MULTILINE))


def test_the_readme_names_every_make_target() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE))

    missing = {target for target in targets if f"make {target}" not in README}
    assert missing == set()


def test_the_ci_run_calls_the_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "\nmake test\n" in README


PAGES = sorted(str(page.relative_to(ROOT)) for folder in (ROOT, ROOT / "docs") for page in folder.glob("*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())

    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_the_outcomes_in_the_architecture_are_those_of_the_code() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text()

    for outcome in (Outcome.NOT_SENT, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.SUCCEEDED):
        assert f"`{outcome.value}`" in table


def test_the_example_kind_of_the_contributing_guide_is_a_kind() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]

    found: dict[str, object] = {}
    exec(code, found)  # noqa: S102  # our own documentation

    assert isinstance(found["KIND"], kinds.Kind)


@pytest.mark.parametrize("name", PAGES)
def test_every_module_that_a_page_names_exists(name: str) -> None:
    roots = (ROOT, ROOT / "destinations_ui")
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.(?:py|js|css))?)`", (ROOT / name).read_text())

    assert [path for path in named if not any((root / path).exists() for root in roots)] == []
