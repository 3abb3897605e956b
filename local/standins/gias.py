"""The public files of GIAS: one a day, no character set stated, and on some days none."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from pathlib import Path

from local.standins.replies import Question, Reply, Service

PREFIX = "/gias/edubase/downloads/public"
_NAME = re.compile(r"/((?:links_)?edubasealldata\d{8}\.csv)")


class Gias(Service):
    """The files of all drops of a folder, by their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unzipped = tempfile.TemporaryDirectory(prefix="gias-")

    def answer(self, question: Question) -> Reply:
        """Answer with a day's file, or a 404 if that day has none."""
        match = _NAME.fullmatch(question.path)
        path = self._find(match[1]) if match else None
        if path is None:
            return Reply(404, b"The specified blob does not exist.", "text/plain")
        return Reply(200, path, "text/csv")

    def close(self) -> None:
        """Remove what was unzipped."""
        self._unzipped.cleanup()

    def _find(self, name: str) -> Path | None:
        for path in sorted(self._folder.glob(f"dt=*/{name}"), reverse=True):
            return path
        for zipped in sorted(self._folder.glob(f"dt=*/{name}.gz"), reverse=True):
            path = Path(self._unzipped.name) / name
            if not path.exists():
                with gzip.open(zipped) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            return path
        return None
