"""Trino agrees with the local engine on every KPI query, over the national sample and over the worked examples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.compute_kpis.answers.reconciliation import UnknownValues
from functions.compute_kpis.catalogue.loading import FOLDER
from functions.compute_kpis.contract import RESULT_COLUMNS
from local.stages import COMPUTE, Run
from tests.book.engine import filled
from tests.book.example import drops_of, kpis_with_examples
from tests.book.points import points_of
from tests.kpis import world as small

if TYPE_CHECKING:
    from tests.trino.comparison import Referee

pytestmark = pytest.mark.trino

KPIS = sorted(path.parent.name for path in FOLDER.glob("*/query.sql"))


@pytest.fixture(scope="session")
def executions(run: Run, referee: Referee) -> dict[str, Any]:
    """The executions of the run's own queries by KPI: the text as it was sent, the answer as it was read."""
    assert referee.cloud is run.cloud, "the referee runs the computation"
    computed = next(stage for stage in run.stages if stage.name == COMPUTE)
    key = f"runs/{COMPUTE}/{computed.call.result['run_id']}.json"
    body = run.cloud.read(run.cloud.stack.data_bucket, key)
    assert body is not None
    return {kpi: run.cloud.athena.executions[execution] for kpi, execution in json.loads(body)["executions"].items()}


@pytest.mark.parametrize("kpi", KPIS)
def test_trino_agrees_on_a_kpi_of_the_national_sample(kpi: str, executions: dict[str, Any], referee: Referee) -> None:
    execution = executions[kpi]
    assert execution.answer is not None and len(execution.answer.rows) > 10, execution.reason
    assert referee.compare_with(execution.answer, execution.query) == []
    assert dict(zip(execution.answer.names, execution.answer.types, strict=True)) == RESULT_COLUMNS


def test_trino_agrees_on_the_values_that_no_list_knows(executions: dict[str, Any], referee: Referee) -> None:
    execution = executions[UnknownValues.id]
    assert execution.answer is not None and execution.answer.rows, execution.reason
    assert referee.compare_with(execution.answer, execution.query) == []


@pytest.mark.parametrize("kpi", kpis_with_examples())
def test_trino_agrees_on_the_worked_example_of_a_kpi(kpi: str, referee: Referee) -> None:
    snapshot = f"example-{kpi}"
    drops = drops_of(kpi)
    tables = filled(kpi, drops, points_of(kpi, drops.as_of))
    for table, rows in tables.items():
        referee.put(table, snapshot, rows)
    assert referee.compare(small.query(kpi), {f"{table}_snapshot": snapshot for table in tables}) == []


def test_a_query_with_parameters_is_compared_as_a_kpi_is(executions: dict[str, Any], referee: Referee) -> None:
    """What :meth:`Referee.compare` is for: any query over any snapshot that lies in the local S3."""
    sql = "SELECT kpi, COUNT(*) AS points FROM kpi_points WHERE snapshot = :kpi_points_snapshot GROUP BY kpi"
    keys = referee.cloud.bucket(referee.cloud.stack.data_bucket).keys
    snapshot = next(key.split("snapshot=")[1].split("/")[0] for key in keys if key.startswith("snapshots/kpi_points/"))
    assert referee.compare(sql, {"kpi_points_snapshot": snapshot}) == []
    assert referee.compare(sql.replace("COUNT(*)", "AVG(period)"), {"kpi_points_snapshot": snapshot}) == []
    assert executions.keys() == {*KPIS, UnknownValues.id}
