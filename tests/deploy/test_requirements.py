"""What is installed is pinned: every package, whoever needs it, at one version and with its hashes."""

from __future__ import annotations

import re

import pytest

from tests.support.product import ROOT

FILES = ("requirements.txt", "requirements-dev.txt")


def pins(name: str) -> dict[str, str]:
    """Return the version of each package in a requirements file."""
    found = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower(): version for package, version in found}


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", (ROOT / name).read_text()))

    loose = [
        entry.splitlines()[0] for entry in entries if not re.match(r"\S+==\S+.*\n    --hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert len(entries) > 15
    assert loose == []


@pytest.mark.parametrize("name", FILES)
def test_no_package_comes_from_a_named_registry(name: str) -> None:
    text = (ROOT / name).read_text()

    assert re.findall(r"(?m)^\s*(?:-i\b|--\w*(?:index|host|find)\S*|.*://).*", text) == []


@pytest.mark.parametrize(("source", "compiled"), [(name.replace("txt", "in"), name) for name in FILES])
def test_the_pins_are_those_that_were_chosen(source: str, compiled: str) -> None:
    assert pins(source).items() <= pins(compiled).items()


def test_tests_run_with_the_versions_that_are_deployed() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()
