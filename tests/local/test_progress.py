"""Whoever waits is told what is being done, how far it is and about how long the rest takes."""

from __future__ import annotations

import io
import re
import time

from local.progress import Progress


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


def test_lines_come_while_nothing_ends() -> None:
    out = io.StringIO()
    with Progress({"apply": 60.0, "register": 30.0}, out, every=0.05) as progress:
        progress.begin("apply")
        time.sleep(0.3)
    lines = out.getvalue().splitlines()
    assert len(lines) >= 2
    assert all(re.fullmatch(r" +\d\.\d s  apply: 0 of 2 done, about 90 s to go", line) for line in lines), lines


def test_what_is_left_follows_the_pace_so_far() -> None:
    progress = Progress({"apply": 0.01, "register": 1.0, "schools": 1.0}, io.StringIO())
    progress.begin("apply")
    time.sleep(0.1)
    progress.next("register")
    first = progress.line()
    time.sleep(0.1)
    assert progress.line().partition(": ")[2] == first.partition(": ")[2], "waiting alone does not make it longer"
    left = re.search(r"register: 1 of 3 done, about (\d+) s to go", progress.line())
    assert left and int(left[1]) >= 20, "ten times as slow as usual"


def test_a_step_that_takes_longer_than_usual_makes_the_rest_longer() -> None:
    progress = Progress({"apply": 0.01, "register": 1.0}, io.StringIO())
    progress.begin("apply")
    time.sleep(0.3)
    left = re.search(r"apply: 0 of 2 done, about (\d+) s to go", progress.line())
    assert left and int(left[1]) >= 20


def test_the_lines_that_stay_stay() -> None:
    out = io.StringIO()
    with Progress({"apply": 1.0}, out) as progress:
        progress.begin("apply")
        progress.end("apply", "apply went well")
    assert out.getvalue() == "apply went well\n"


def test_a_terminal_has_one_line_that_changes_and_goes() -> None:
    out = Terminal()
    with Progress({"apply": 1.0}, out) as progress:
        progress.begin("apply")
        time.sleep(0.7)
        progress.end("apply", "apply went well")
    told = out.getvalue().split("\r\033[K")
    assert told[-2:] == ["apply went well\n", ""]
    assert any("apply: 0 of 1 done" in line and "\n" not in line for line in told)
