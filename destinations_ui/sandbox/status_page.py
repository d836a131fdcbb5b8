"""The sandbox's status page, which lists its destinations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from destinations_ui.sandbox.state import Destination

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox: a stand-in for LaunchDarkly</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }}
body {{ margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-block-end: 1px solid; padding: .4rem .6rem; text-align: start; vertical-align: top; }}
pre {{ margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>Sandbox: a stand-in for LaunchDarkly</h1>
<p>Nothing here reaches LaunchDarkly. These are the Data Export destinations the sandbox holds, with their
secrets obfuscated on arrival.</p>
{content}
</body>
</html>
"""
TABLE = """<table>
<thead><tr>
<th scope="col">Project</th><th scope="col">Environment</th><th scope="col">Name</th>
<th scope="col">Kind</th><th scope="col">On</th><th scope="col">Config</th>
</tr></thead>
<tbody>
{rows}
</tbody>
</table>"""


def render(destinations: Iterable[Destination]) -> str:
    """Return the page. Every value is escaped, because any client with a token can choose it."""
    rows = "\n".join(_row(item) for item in destinations)
    return PAGE.format(content=TABLE.format(rows=rows) if rows else "<p>None yet.</p>")


def _row(item: Destination) -> str:
    config = json.dumps(item.config, indent=2, ensure_ascii=False)
    texts = (item.project, item.environment, item.name, item.kind, "yes" if item.on else "no")
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f"<tr>{cells}<td><pre>{escape(config)}</pre></td></tr>"
