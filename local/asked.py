"""What a command is asked for, looked at before anything starts. Nothing heavy is imported, and nothing is changed."""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

from local.errors import LocalError
from placements_kpi.settings import SOURCES

PORT = 8000
ROOM_MB = 600
"""A run of the sample leaves some 350 MB in the build folder, and writes some of it twice before it is done."""

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")  # RFC 1123, 2.1


class AskedError(LocalError):
    """What was asked for cannot be done; nothing was started."""


def port_of(text: str) -> int:
    """Return the port that is asked for, blank for the usual one; :class:`AskedError` if there is no such port."""
    if not text:
        return PORT
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise AskedError(f"PORT={text} is not a port; give a number from 1 to 65535")
    return int(text)


def is_free(port: int) -> None:
    """Raise :class:`AskedError` if nobody can listen on ``port`` of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: one that has ended is no bar
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise AskedError(cannot_listen(port, error)) from None


def cannot_listen(port: int, error: OSError) -> str:
    """Return the words for a port that cannot be had."""
    another = port + 1 if 1024 <= port < 65535 else PORT
    return f"port {port} cannot be used ({error.strerror}); give another, e.g. PORT={another}"


def host_of(text: str) -> str:
    """Return the host name that is asked for, blank for the template's; :class:`AskedError` if it is none."""
    if text and not _HOST.fullmatch(text):
        raise AskedError(f"HOST={text} is not a host name; give one like school-placements.education.gov.uk")
    return text


def holds_drops(folder: Path) -> None:
    """Raise :class:`AskedError` unless a folder holds a drop of at least one source (docs/drops.md)."""
    should = f"it should hold <source>/dt=YYYY-MM-DD/ for {', '.join(SOURCES)}"
    if not folder.is_dir():
        raise AskedError(f"SOURCES={folder} is not a folder; {should}")
    if not any(path.is_dir() for source in SOURCES for path in folder.glob(f"{source}/dt=*")):
        raise AskedError(f"SOURCES={folder} holds no drop; {should}")


def has_room(folder: Path, least_mb: int = ROOM_MB) -> None:
    """Raise :class:`AskedError` unless a folder, there or still to be made, can be written to and has room."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = "not writable for you, or on a read-only disk" if there.is_dir() else "not a folder"
        raise AskedError(f"{folder} cannot be written to: {there} is {why}")
    free = shutil.disk_usage(there).free / 1e6
    if free < least_mb:
        raise AskedError(f"{folder} has {free:,.0f} MB free where {least_mb:,} MB are needed; make room")


def cannot_write(error: OSError) -> str:
    """Return the words for a file that could not be written or read."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; make room or give another folder, and call it again"
