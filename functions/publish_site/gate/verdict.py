"""The verdict: the attacker audit passed this very document, and each of its figures is whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from functions.publish_site.figures import places
from functions.publish_site.gate.errors import GateError
from functions.publish_site.words import rounded
from placements_kpi.results import document_digest, pounds

if TYPE_CHECKING:
    from placements_kpi.results import Figure, KpiResult, Measure, Protected


def check_verdict(document: Protected) -> None:
    """Raise :class:`GateError` unless the audit passed, and passed this document and no other (publishing#the-audit).

    ``document`` is as it was stored, word for word.
    """
    verdict = document.verdict
    if verdict is None:
        raise _refused(document, "it has no verdict of the attacker audit")
    if verdict.state != "passed":
        raise _refused(document, "it did not pass the attacker audit")
    if verdict.digest not in {document_digest(document), document_digest(document, as_read=True)}:
        raise _refused(document, "it is not the document that was audited")
    for kpi in document.kpis:
        wrong = _wrong(kpi)
        if wrong:
            raise _refused(document, f"KPI {kpi.id}, {wrong}")


def _refused(document: Protected, why: str) -> GateError:
    return GateError(f"release {document.release} is not published: {why}")


def _wrong(kpi: KpiResult) -> str | None:
    """Return which figure of a KPI contradicts itself, and how; ``None`` where none does."""
    measures = {measure.id: measure for measure in kpi.description.measures}
    cells = set()
    for figure in kpi.figures:
        cell = (figure.measure, figure.period, figure.as_of, figure.breakdown, figure.category)
        why = "is given twice" if cell in cells else _contradiction(measures[figure.measure], figure)
        if why:
            return (
                f"figure {figure.measure} of {figure.as_of.isoformat()}, {figure.breakdown}, {figure.category}, {why}"
            )
        cells.add(cell)
    return None


def _contradiction(measure: Measure, figure: Figure) -> str | None:
    numerator, denominator = figure.numerator, figure.denominator
    if figure.symbol is not None or numerator is None:
        hidden = (numerator, denominator, figure.value) == (None, None, None)
        return None if hidden else "has a number beside its symbol"
    if measure.kind == "money" and figure.value != pounds(numerator, denominator or 1):
        return "is not the pounds of its pence"
    if measure.kind != "rate" or denominator is None:  # or a category that is no part of what the rate is out of
        return None
    if denominator <= 0:
        return "is a percentage of nothing"
    wanted = rounded(Decimal(100 * numerator) / denominator, places(measure, figure))
    if figure.value is None or Decimal(str(figure.value)) != wanted:
        return "does not follow from its counts, at its decimals"
    return None
