"""The local Athena really runs the query, and refuses what Athena refuses."""

import inspect
import itertools
import random
import sys
import threading
import time
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.s3.models import s3_backends

from local.athena import ANSWERED, REPLACED
from local.cloud import Cloud
from local.duck import Duck
from local.intrinsics import ACCOUNT
from local.result_sets import Answer, as_csv
from tests.local.conftest import CHOICES, parquet, put


def run(cloud: Cloud, sql: str, parameters: list[str] | None = None, database: str = "") -> dict[str, Any]:
    """Return the execution of ``sql`` once it has ended."""
    athena = cloud.client("athena")
    more = {"ExecutionParameters": parameters} if parameters else {}
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database or cloud.stack.database},
        WorkGroup=cloud.stack.workgroup.name,
        **more,
    )
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            return dict(execution)
        time.sleep(0.01)


def csv(cloud: Cloud, execution: dict[str, Any]) -> str:
    """Return the CSV that the execution wrote."""
    bucket, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
    body = cloud.read(bucket, key)
    assert body is not None
    return body.decode()


def test_a_query_reads_exactly_the_snapshot_it_names(cloud: Cloud) -> None:
    for snapshot, expected in (("a", 4), ("b", 1)):
        execution = run(cloud, f"SELECT count(*) AS n FROM application_choices WHERE snapshot = '{snapshot}'")
        assert csv(cloud, execution) == f'"n"\n"{expected}"\n'


def test_results_lie_where_the_workgroup_says(cloud: Cloud) -> None:
    execution = run(cloud, "SELECT 1 AS one")
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{cloud.stack.data_bucket}/athena/{execution['QueryExecutionId']}.csv"


def test_columns_have_the_names_that_athena_gives_types(cloud: Cloud) -> None:
    execution = run(
        cloud,
        "SELECT id, recruitment_cycle_year AS cycle, rejected_on, CAST(NULL AS bigint) AS n, CAST(1 AS double) AS d, "
        "id = '1' AS first, sum(recruitment_cycle_year) OVER () AS s FROM application_choices WHERE snapshot = 'a'",
    )
    results = cloud.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    columns = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Type"] for column in columns] == [
        "varchar", "bigint", "date", "bigint", "double", "boolean", "bigint"
    ]  # fmt: skip
    assert results["ResultSet"]["Rows"][0]["Data"][1] == {"VarCharValue": "cycle"}


def test_results_come_in_pages_with_the_header_in_the_first(cloud: Cloud) -> None:
    """awswrangler asks for one row to learn the columns' types; without a page's size a page has 1,000 rows."""
    identifier = run(cloud, "SELECT x FROM UNNEST(sequence(1, 1200)) AS a(x) ORDER BY x")["QueryExecutionId"]
    athena = cloud.client("athena")
    one = athena.get_query_results(QueryExecutionId=identifier, MaxResults=1)
    assert one["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "x"}]}]
    assert [column["Type"] for column in one["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == ["bigint"]
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=identifier))
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 201]
    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == ["x", *map(str, range(1, 1201))]
    assert "NextToken" not in athena.get_query_results(
        QueryExecutionId=identifier, NextToken=pages[0]["NextToken"], MaxResults=201
    )
    with pytest.raises(ClientError, match="MaxResults is 1001"):
        athena.get_query_results(QueryExecutionId=identifier, MaxResults=1001)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("date_diff('month', DATE '2024-01-31', DATE '2024-02-01')", "0"),
        ("date_diff('day', DATE '2024-02-28', DATE '2024-03-01')", "2"),
        ("CAST(date_add('month', 1, DATE '2024-01-31') AS date)", "2024-02-29"),
        ("CAST(7 AS double) / NULLIF(2, 0)", "3.5"),
        ("day_of_week(DATE '2024-01-01')", "1"),
    ],
)
def test_expressions_mean_what_they_mean_on_athena(cloud: Cloud, expression: str, expected: str) -> None:
    assert csv(cloud, run(cloud, f"SELECT {expression} AS x")) == f'"x"\n"{expected}"\n'


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / 0 AS x", "GENERIC_USER_ERROR"),
        (
            "SELECT id FROM application_choices",
            "CONSTRAINT_VIOLATION: For the injected projected partition column snapshot",
        ),
        ("SELECT id FROM application_choices WHERE snapshot = 'a' OR id = '1'", "CONSTRAINT_VIOLATION"),
        ("SELECT id FROM application_choices WHERE snapshot > 'a'", "CONSTRAINT_VIOLATION"),
        ("SELECT nothing FROM application_choices WHERE snapshot = 'a'", "COLUMN_NOT_FOUND: Column 'nothing'"),
        ("SELECT id FROM moon WHERE snapshot = 'a'", "TABLE_NOT_FOUND: Table 'moon'"),
        ("SELEC id", "SYNTAX_ERROR"),
        ("DROP TABLE application_choices", "NOT_SUPPORTED"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: only one statement"),
    ],
)
def test_a_query_that_athena_refuses_fails_with_a_reason(cloud: Cloud, sql: str, reason: str) -> None:
    status = run(cloud, sql)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(reason)


def test_every_table_of_a_join_must_name_its_snapshot(cloud: Cloud) -> None:
    sql = (
        "SELECT count(*) AS n FROM application_choices a "
        "LEFT JOIN providers p ON p.code = a.id{} WHERE a.snapshot = 'a'"
    )
    assert "table providers" in run(cloud, sql.format(""))["Status"]["StateChangeReason"]
    execution = run(cloud, sql.format(" AND p.snapshot = 'none yet'"))
    assert csv(cloud, execution) == '"n"\n"4"\n', "a snapshot without objects is empty, as on Athena"


def test_execution_parameters_take_the_place_of_question_marks(cloud: Cloud) -> None:
    sql = "SELECT count(*) AS n FROM application_choices WHERE snapshot = ? AND recruitment_cycle_year = ?"
    assert csv(cloud, run(cloud, sql, ["a", "2026"])) == '"n"\n"2"\n'
    assert "incorrect number of parameters" in run(cloud, sql, ["a"])["Status"]["StateChangeReason"]


def test_bytes_scanned_are_those_of_the_columns_used(cloud: Cloud) -> None:
    def scanned(sql: str) -> int:
        return int(run(cloud, sql)["Statistics"]["DataScannedInBytes"])

    counting = scanned("SELECT count(*) AS n FROM application_choices WHERE snapshot = 'a'")
    one = scanned("SELECT id FROM application_choices WHERE snapshot = 'a'")
    every = scanned("SELECT * FROM application_choices WHERE snapshot = 'a'")
    unused = scanned("WITH c AS (SELECT * FROM application_choices WHERE snapshot = 'a') SELECT id FROM c")
    twice = scanned(
        "WITH c AS (SELECT * FROM application_choices WHERE snapshot = 'a') SELECT id FROM c UNION ALL SELECT id FROM c"
    )
    assert counting == 0
    assert 0 < one < every
    assert unused == one, "a column that is selected and then dropped is not read"
    assert twice == 2 * one, "Trino works a common table expression out each time it is used"


def test_a_query_over_the_scan_limit_is_cancelled(cloud: Cloud) -> None:
    noise = random.Random(1)
    rows = 300_000
    columns: dict[str, list[object]] = {
        "id": [noise.randbytes(40).hex() for _ in range(rows)],
        "recruitment_cycle_year": [2026] * rows,
        "rejected_on": [None] * rows,
        "reasons": [None] * rows,
    }
    put(cloud, "application_choices", "big", parquet(columns, CHOICES))
    execution = run(cloud, "SELECT max(id) AS x FROM application_choices WHERE snapshot = 'big'")
    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]
    assert execution["Statistics"]["DataScannedInBytes"] == 20_000_000


def test_a_file_whose_types_are_not_those_of_the_table_is_refused(cloud: Cloud) -> None:
    put(cloud, "application_choices", "odd", parquet({"id": [1]}, pa.schema([("id", pa.int64())])))
    status = run(cloud, "SELECT id FROM application_choices WHERE snapshot = 'odd'")["Status"]
    assert status["StateChangeReason"].startswith("HIVE_BAD_DATA: Field id's type int64")


def test_a_column_that_a_file_does_not_have_is_null(cloud: Cloud) -> None:
    execution = run(cloud, "SELECT count(*) AS n, count(note) AS notes FROM application_choices WHERE snapshot = 'a'")
    assert csv(cloud, execution) == '"n","notes"\n"4","0"\n'


def test_queries_run_side_by_side(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    all_eight = threading.Barrier(8, timeout=20)

    def together(duck: Duck, *asked: Any) -> Answer:
        all_eight.wait()
        return alone(duck, *asked)

    alone = Duck.run
    monkeypatch.setattr(Duck, "run", together)
    athena = cloud.client("athena")
    ids = [
        athena.start_query_execution(
            QueryString=f"SELECT count(*) + {number} AS n FROM application_choices WHERE snapshot = 'a'",
            QueryExecutionContext={"Database": cloud.stack.database},
            WorkGroup=cloud.stack.workgroup.name,
        )["QueryExecutionId"]
        for number in range(8)
    ]
    for _ in range(500):
        states = [athena.get_query_execution(QueryExecutionId=i)["QueryExecution"]["Status"]["State"] for i in ids]
        if set(states) == {"SUCCEEDED"}:
            break
        time.sleep(0.02)
    rows = [
        athena.get_query_results(QueryExecutionId=i)["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] for i in ids
    ]
    assert rows == [str(4 + number) for number in range(8)]


def test_a_query_runs_while_other_objects_are_written(cloud: Cloud) -> None:
    done = threading.Event()
    numbers = itertools.count()

    def write() -> None:
        key = f"elsewhere/{next(numbers)}"
        s3_backends[ACCOUNT]["aws"].put_object(cloud.stack.data_bucket, key, b"x")

    def go_on_writing() -> None:
        while not done.wait(0.0001):
            write()

    for _ in range(1000):
        write()
    sql = "SELECT count(*) AS n FROM application_choices WHERE snapshot = 'a'"
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # otherwise a thread lists all these keys before another has its turn
    writer = threading.Thread(target=go_on_writing, daemon=True)
    writer.start()
    try:
        reasons = [run(cloud, sql)["Status"].get("StateChangeReason") for _ in range(30)]
    finally:
        sys.setswitchinterval(usual)
        done.set()
        writer.join()
    assert reasons == [None] * 30


def test_a_stopped_query_stays_stopped(cloud: Cloud) -> None:
    athena = cloud.client("athena")
    started = athena.start_query_execution(
        QueryString="SELECT count(*) AS n FROM UNNEST(sequence(1, 10000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 100000)) AS c(z) "
        "WHERE x + y + z = 7",
        WorkGroup=cloud.stack.workgroup.name,
        QueryExecutionContext={"Database": cloud.stack.database},
    )["QueryExecutionId"]
    athena.stop_query_execution(QueryExecutionId=started)
    assert athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"] == "CANCELLED"


def test_csv_tells_null_from_empty_text() -> None:
    answer = Answer(("a", "b"), ("varchar", "boolean"), [("", None), ('say "yes"', True)])
    assert as_csv(answer) == '"a","b"\n"",\n"say ""yes""","true"\n'


def test_moto_still_has_what_the_local_athena_replaces() -> None:
    """If this fails, moto has moved: compare local/athena.py with the new moto.athena.models and .responses."""
    expected = {
        "start_query_execution": ["self", "query", "context", "config", "workgroup", "execution_parameters"],
        "get_query_execution": ["self", "exec_id"],
        "stop_query_execution": ["self", "exec_id"],
    }
    assert set(expected) == set(REPLACED)
    for name, parameters in expected.items():
        assert list(inspect.signature(getattr(AthenaBackend, name)).parameters) == parameters, name
    for name in ANSWERED:
        assert list(inspect.signature(getattr(AthenaResponse, name)).parameters) == ["self"], name
    call = "self.athena_backend.start_query_execution("
    assert call in inspect.getsource(AthenaResponse), f"moto no longer answers through {call}"
