"""No response of LaunchDarkly makes the product's processes grow."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import pytest

from destinations_ui.sandbox import Fault, Raw
from destinations_ui.sandbox.faults import Exchange
from tests.crashes.scene import DESTINATIONS, Scene

MEGABYTE = 1024 * 1024
LARGE = 300 * MEGABYTE


@dataclass(frozen=True)
class Flood(Fault):
    """Respond with 201 and a body that is far too long."""

    def act(self, exchange: Exchange) -> None:
        """Send it piece by piece, until nobody takes any more."""
        exchange.carry_out()
        exchange.send(f"HTTP/1.1 201 Created\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        for _ in range(LARGE // MEGABYTE):
            exchange.send(bytes(MEGABYTE))


def bomb() -> Raw:
    """Return a small response that would be large when decompressed."""
    body = gzip.compress(bytes(LARGE), compresslevel=1)[: 200 * 1024]
    head = f"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return Raw(head.encode() + body, after_write=True)


def memory(pid: int, field: str) -> int:
    """Return a process's current (``VmRSS``) or peak (``VmHWM``) memory in bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field)]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("fault", [Flood(), bomb()], ids=["300 MB", "300 MB when unpacked"])
def test_an_oversized_response_is_not_read_into_memory(scene: Scene, fault: Fault) -> None:
    form = scene.form(f"Far too long an answer {type(fault).__name__}")
    # What a process needs at its first request is no matter here.
    for _ in range(8):
        scene.send(scene.form(""))
    before = {}
    for pid in scene.product.worker_pids():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # Forget what it had at most.
        before[pid] = memory(pid, "VmRSS")
    scene.sandbox.script("POST", DESTINATIONS, fault)

    scene.send(form)

    assert [record["outcome"] for record in scene.records(form)] == ["unknown"]
    grown = {pid: memory(pid, "VmHWM") - taken for pid, taken in before.items()}
    assert max(grown.values()) < 20 * MEGABYTE
    [record] = scene.reconciled(form)
    assert [record["outcome"], record["destination_id"]] == ["succeeded", *scene.ids()]
