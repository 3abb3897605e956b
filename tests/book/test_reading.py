"""The book's side is a second opinion: what it reads it reads by itself."""

from pathlib import Path

HERE = Path(__file__).parent
BOOKS_SIDE = [
    HERE / f"{name}.py" for name in ("days", "drops", "points", "reading", "rows", "schools", "service", "world")
]


def test_the_books_side_imports_nothing_of_the_product() -> None:
    for path in (*BOOKS_SIDE, *HERE.glob("kpis/*.py")):
        imports = [line for line in path.read_text(encoding="utf-8").splitlines() if "import" in line.split()]
        assert not [line for line in imports if "functions" in line or "placements_kpi" in line], path.name
