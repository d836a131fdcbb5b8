"""``python -m destinations_ui.demo``, which ``make run`` calls."""

from __future__ import annotations

import signal
import sys

# Until the supervisor handles Ctrl-C, let it end the process: an import interrupted by Python prints a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from destinations_ui.demo.cli import main  # noqa: E402  # after the line above

sys.exit(main())
