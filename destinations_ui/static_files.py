"""How static files are made ready for browsers: ours without comments and indentation, all hashed and compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

MINIFIERS = {".css": cssmin, ".js": jsmin}


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it ships no types
    """WhiteNoise's storage, which is given our files as small as they can be read."""

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[tuple[str, str, Any]]:
        """Minify our own files, then hash and compress all. ``paths`` has where each file comes from."""
        ours = {Path(folder) for folder in settings.STATICFILES_DIRS}
        for name, (source, path) in paths.items():
            minify = MINIFIERS.get(Path(name).suffix)
            if minify and Path(source.location) in ours and not options.get("dry_run"):
                with source.open(path) as file:
                    text = file.read().decode()
                self.delete(name)
                self._save(name, ContentFile(minify(text).encode()))
                paths[name] = (self, name)
        yield from super().post_process(paths, *args, **options)
