"""``python -m local.sample --out DIR [--seed N] [--scale X] [--as-of DAY] [--schools N]``."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from local.asked import cannot_write, has_room
from local.progress import Progress
from local.sample.writing import AS_OF, write_sample
from placements_kpi.errors import PlacementsKpiError

USUAL = {
    "schools": 1.5,
    "providers": 0.7,
    "apply": 4.5,
    "register": 1.5,
    "placements": 1.0,
    "vacancies": 6.0,
    "service": 0.1,
}
"""About how many seconds each source takes at scale 1."""
GROWING = set(USUAL) - {"schools", "providers", "service"}
"""Sources that are the larger the larger the scale."""


def main() -> int:
    """Write a sample as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.sample", description="Write a sample folder of drops.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and scale give the same bytes")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is national scale")
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF, help="as-of day, YYYY-MM-DD")
    parser.add_argument("--schools", type=int, default=None, help="about so many rows of the register of schools")
    wanted = parser.parse_args()
    at_scale = {source: seconds * (wanted.scale if source in GROWING else 1) for source, seconds in USUAL.items()}
    try:
        has_room(wanted.out, round(80 + 80 * wanted.scale))
        with Progress(at_scale, sys.stderr) as progress:
            summary = write_sample(
                wanted.out,
                seed=wanted.seed,
                scale=wanted.scale,
                as_of=wanted.as_of,
                schools_wanted=wanted.schools,
                progress=progress.next,
            )
    except PlacementsKpiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {cannot_write(error)}", file=sys.stderr)
        return 1
    rows = sum(sum(files.values()) for files in summary["rows"].values())
    print(f"{rows:,} rows in {wanted.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
