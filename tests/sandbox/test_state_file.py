"""The state file, in which destinations survive a restart."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from destinations_ui.sandbox import SandboxServer, StateFileError
from tests.sandbox.client import create, send

MARKER = "marker-3f9c1a-very-secret"


def test_destinations_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with SandboxServer(state_file=file) as sandbox:
        [seeded] = send(sandbox, "GET", "/api/v2/destinations").json["items"]
        assert send(sandbox, "DELETE", seeded["_links"]["self"]["href"]).status == 204
        created = create(sandbox).json
    with SandboxServer(state_file=file) as sandbox:
        assert send(sandbox, "GET", "/api/v2/destinations").json["items"] == [created]


def test_the_file_holds_no_secret_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with SandboxServer(state_file=file) as sandbox:
        created = create(sandbox, kind="segment", config={"writeKey": MARKER})
        operations = [{"op": "replace", "path": "/config/writeKey", "value": f"new-{MARKER}"}]
        send(sandbox, "PATCH", created.json["_links"]["self"]["href"], operations)
        assert MARKER not in file.read_text()
    assert "new****ret" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_added_to_the_file_by_hand_is_obfuscated(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with SandboxServer(state_file=file) as sandbox:
        create(sandbox, kind="segment", config={"writeKey": "x"})
    file.write_text(file.read_text().replace("****", MARKER))
    with SandboxServer(state_file=file) as sandbox:
        assert sandbox.destinations()[1]["config"] == {"writeKey": "mar****ret"}
        assert MARKER not in file.read_text()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "5",
        '{"destinations": {"a": 1}}',
        '{"destinations": [{}]}',
        '{"destinations": [5]}',
        json.dumps({"destinations": [{"id": 5}]}),
        "[" * 100_000,
        '{"destinations": [{"secret": "marker"',
    ],
    ids=range(10),
)
def test_an_invalid_file_is_an_error_and_stays_unchanged(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(StateFileError, match="is not a state file") as caught:
        SandboxServer(state_file=file)
    assert str(file) in str(caught.value)
    assert "marker" not in str(caught.value)
    assert file.read_text() == content


def test_a_file_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="cannot be written"):
        SandboxServer(state_file=tmp_path / "missing" / "state.json")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="cannot be read"):
        SandboxServer(state_file=tmp_path)


def test_a_failed_save_leaves_only_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "state.json"
    with SandboxServer(state_file=file) as sandbox:
        before = file.read_bytes()
        monkeypatch.setattr("os.replace", fail)
        assert create(sandbox).status == 500
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
