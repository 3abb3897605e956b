"""``python -m local.sample --out DIR [--seed N] [--scale X] [--as-of DAY] [--schools N]``."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from local.sample.errors import SampleError
from local.sample.writing import AS_OF, write_sample


def main() -> int:
    """Write a sample as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.sample", description="Write a sample folder of drops.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and scale give the same bytes")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is national scale")
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF, help="as-of day, YYYY-MM-DD")
    parser.add_argument("--schools", type=int, default=None, help="about so many rows of the register of schools")
    wanted = parser.parse_args()
    started = time.monotonic()

    def progress(source: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {source}", file=sys.stderr)

    try:
        summary = write_sample(
            wanted.out,
            seed=wanted.seed,
            scale=wanted.scale,
            as_of=wanted.as_of,
            schools_wanted=wanted.schools,
            progress=progress,
        )
    except SampleError as error:
        print(error, file=sys.stderr)
        return 1
    rows = sum(sum(files.values()) for files in summary["rows"].values())
    print(f"{time.monotonic() - started:6.1f} s  {rows:,} rows in {wanted.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
