"""Milliseconds to append a sealed event, committed: ``python -m tests.benchmarks.sealing``."""

from __future__ import annotations

import os
import statistics
import time

EVENTS = 500


def main() -> None:
    """Append events to the history of the settings' database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
    import django

    django.setup()
    from destinations_ui.audit import chain
    from destinations_ui.audit.models import AuditRecord, EventType

    record = AuditRecord.objects.order_by("-pk")[0]
    times = []
    for number in range(EVENTS):
        began = time.perf_counter()
        with chain.write_transaction():
            chain.append_event(record.uuid, EventType.NOTED, {"number": number})
        times.append((time.perf_counter() - began) * 1000)
    print(f"{statistics.median(times):.2f} {sorted(times)[int(EVENTS * 0.95)]:.2f}")


if __name__ == "__main__":
    main()
