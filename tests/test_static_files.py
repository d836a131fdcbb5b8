"""Scripts and styles, as browsers get them."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.templatetags.static import static
from django.test import Client

OURS = sorted(path.name for path in Path(settings.STATICFILES_DIRS[0]).iterdir() if path.suffix in {".css", ".js"})


@pytest.mark.parametrize("name", OURS)
def test_our_files_come_small_and_are_kept(client: Client, name: str) -> None:
    written = (Path(settings.STATICFILES_DIRS[0]) / name).read_bytes()

    answer = client.get(static(name), headers={"Accept-Encoding": "gzip, deflate, br"})

    sent = b"".join(answer)
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert len(sent) < len(brotli.compress(written))
    assert len(brotli.decompress(sent)) < len(written) * 0.85
