"""The commands of a document, taken out of it as they stand, so that it cannot drift from what works."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

SHELL = ("sh", "bash", "shell", "console")
"""Languages of a fenced block that is typed. An indented block is typed too; what is not for typing names another."""


@dataclass(frozen=True)
class Block:
    """One block of commands, and the line in which it begins."""

    text: str
    line: int


def blocks(document: str) -> list[Block]:
    """Return every block of commands of a Markdown document, in order."""
    commands: list[Block] = []
    fence, began = None, 0
    kept: list[str] = []
    lines = document.splitlines()
    for number, line in enumerate([*lines, ""], start=1):
        if fence is not None:
            if line.strip() == "```":
                if fence in SHELL:
                    commands.append(Block("\n".join(kept), began))
                fence, kept = None, []
            else:
                kept.append(line)
            continue
        if line.startswith("    ") and (kept or not lines[number - 2].strip()):
            began = began if kept else number
            kept.append(line)
            continue
        if not line.strip() and kept and number < len(lines) and lines[number].startswith("    "):
            kept.append("")  # a blank line within a block
            continue
        if kept:
            commands.append(Block(textwrap.dedent("\n".join(kept)), began))
            kept = []
        if opened := re.fullmatch(r"```(\w*)", line.strip()):
            fence, began = opened.group(1), number + 1
    if fence is not None:
        raise ValueError(f"the block that begins in line {began} is never closed")
    return commands


def not_here(block: Block, reasons: Sequence[tuple[str, str]]) -> str | None:
    """Return why a block is not run: the reason beside the first of the patterns that it has."""
    return next((reason for pattern, reason in reasons if re.search(pattern, block.text, re.MULTILINE)), None)
