"""What is being done, how far it is, and about how long the rest takes: told every few seconds while it goes on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from typing import Self, TextIO

EVERY, EVERY_ON_A_TERMINAL = 5.0, 0.5


class Progress:
    """Tells about steps, whose ``usual`` seconds are known, until it is closed; in one line that changes on a terminal.

    Steps may go on side by side, and those that were never begun are still to come.
    """

    def __init__(
        self, usual: Mapping[str, float], out: TextIO | None = None, every: float = EVERY, before: float = 0.0
    ) -> None:
        """``before``: seconds that had gone by already, for the time at which each line is told."""
        self._usual = usual
        self._before = before
        self._out = out or sys.stdout
        self._terminal = self._out.isatty()
        self._every = EVERY_ON_A_TERMINAL if self._terminal else every
        self._started = time.monotonic()
        self._begun: dict[str, float] = {}
        self._done: set[str] = set()
        self._last_end = 0.0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Self:
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._teller.join()
        self._write("")

    def begin(self, step: str) -> None:
        """A step begins."""
        with self._lock:
            self._begun[step] = time.monotonic()

    def end(self, step: str, line: str = "") -> None:
        """A step has ended; ``line`` says how, and stays."""
        with self._lock:
            self._begun.pop(step, None)
            self._done.add(step)
            self._last_end = time.monotonic() - self._started
        if line:
            self._write(line)

    def next(self, step: str) -> None:
        """A step begins, and what was under way has ended."""
        for earlier in list(self._begun):
            self.end(earlier)
        self.begin(step)

    def line(self) -> str:
        """Return what is told now."""
        now = time.monotonic()
        with self._lock:
            begun, done = dict(self._begun), set(self._done)
        doing = ", ".join(begun) or "getting ready"
        far = f"{len(done)} of {len(self._usual)} done, {self._left(begun, done, now)}"
        return f"{self._before + now - self._started:6.1f} s  {doing}: {far}"

    def _left(self, begun: Mapping[str, float], done: set[str], now: float) -> str:
        """Return about how long the rest takes, by the pace of what is done and of what takes longer than that."""
        known = sum(self._usual.get(step, 0) for step in done)
        pace = self._last_end / known if known else 1.0
        pace = max([pace, *((now - since) / self._usual[step] for step, since in begun.items() if step in self._usual)])
        left = sum(usual * pace for step, usual in self._usual.items() if step not in done)
        left -= sum(min(now - since, self._usual.get(step, 0) * pace) for step, since in begun.items())
        return f"about {max(5, 5 * round(left / 5))} s to go"

    def _tell(self) -> None:
        while not self._closing.wait(self._every):
            self._write(self.line(), stays=False)

    def _write(self, line: str, *, stays: bool = True) -> None:
        with self._lock:
            if self._terminal:
                self._out.write(f"\r\033[K{line}" + ("\n" if stays and line else ""))
            elif line:
                self._out.write(line + "\n")
            self._out.flush()
