"""At the end of the tests: how many cases of a fault were tried."""

from __future__ import annotations

from collections import Counter
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cases were tried, by fault."""
    tried: Counter[str] = Counter()
    for report in [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]:
        for name, value in report.user_properties if report.when == "call" else ():
            tried.update({name.removeprefix("cases of "): value} if name.startswith("cases of ") else {})
    if tried:
        each = ", ".join(f"{name} {count}" for name, count in sorted(tried.items()))
        terminalreporter.write_line(f"{tried.total()} cases of a fault of AWS: {each}")
