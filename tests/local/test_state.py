"""What a run leaves behind is what the next one finds, whenever it was stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import Cloud, open_cloud
from local.state import State, StateError, copy_buckets, name_of, open_state
from local.template import load_stack
from tests.local.conftest import SMALL


@pytest.fixture
def fresh() -> Iterator[Cloud]:
    """A cloud with nothing in it."""
    with open_cloud(load_stack(SMALL), {}) as running:
        yield running


def put(cloud: Cloud, key: str, body: bytes, *, site: bool = False, **more: str) -> None:
    """Put one object."""
    bucket = cloud.stack.site_bucket if site else cloud.stack.data_bucket
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **more)


def test_objects_come_back_with_their_etag_and_headers(tmp_path: Path) -> None:
    stack = load_stack(SMALL)
    with open_cloud(stack, {}) as first:
        put(first, "current/apply.json", b"{}", ContentType="application/json")
        put(first, "index.html", b"<h1>", site=True, ContentType="text/html", CacheControl="public, max-age=300")
        tag = first.client("s3").head_object(Bucket=stack.data_bucket, Key="current/apply.json")["ETag"]
        State(tmp_path).save(first)
    with open_cloud(stack, {}) as second:
        assert State(tmp_path).load(second) == 2
        found = second.client("s3").head_object(Bucket=stack.data_bucket, Key="current/apply.json")
        assert (found["ETag"], found["ContentType"]) == (tag, "application/json")
        page = second.client("s3").head_object(Bucket=stack.site_bucket, Key="index.html")
        assert (page["ContentType"], page["CacheControl"]) == ("text/html", "public, max-age=300")


def test_results_of_queries_are_not_kept(tmp_path: Path, fresh: Cloud) -> None:
    put(fresh, "athena/1.csv", b"x")
    put(fresh, "runs/a.json", b"x")
    State(tmp_path).save(fresh)
    bucket = tmp_path / fresh.stack.data_bucket
    assert [path.name for path in bucket.rglob("*") if path.is_file()] == ["a.json"]


def test_an_object_that_is_gone_is_gone_from_disk_too(tmp_path: Path, fresh: Cloud) -> None:
    put(fresh, "attempts/apply.json", b"x")
    state = State(tmp_path)
    state.save(fresh)
    fresh.client("s3").delete_object(Bucket=fresh.stack.data_bucket, Key="attempts/apply.json")
    state.save(fresh)
    assert not (tmp_path / fresh.stack.data_bucket / "attempts/apply.json").exists()


def test_killed_anywhere_no_pointer_names_what_is_not_there(
    tmp_path: Path, fresh: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fresh, "current/apply.json", b"names snapshot 1")
    put(fresh, "index.html", b"names release 1", site=True)
    put(fresh, "snapshots/application_choices/snapshot=1/part-0.parquet", b"1")
    put(fresh, "releases/1/index.html", b"1", site=True)
    real, order = Path.replace, []

    def watched(source: Path, target: Path) -> Path:
        order.append(target.relative_to(tmp_path).as_posix())
        return real(source, target)

    monkeypatch.setattr(Path, "replace", watched)
    State(tmp_path).save(fresh)
    place = {name.split("/", 1)[-1]: number for number, name in enumerate(order)}
    assert place["snapshots/application_choices/snapshot=1/part-0.parquet"] < place["current/apply.json"]
    assert place["releases/1/index.html"] < place["index.html"]
    assert order[-1].endswith("/index.html")


def test_only_one_run_at_a_time_may_use_a_state(tmp_path: Path) -> None:
    with (
        open_state(tmp_path, tmp_path / "sample"),
        pytest.raises(StateError, match="another run is using"),
        open_state(tmp_path, tmp_path / "sample"),
    ):
        pass


def test_fresh_forgets_what_was_there(tmp_path: Path, fresh: Cloud) -> None:
    put(fresh, "current/apply.json", b"{}")
    with open_state(tmp_path, tmp_path / "sample") as state:
        state.save(fresh)
        state.remember({"as_of": "2026-07-14"})
    with open_state(tmp_path, tmp_path / "sample") as state:
        assert state.facts() == {"as_of": "2026-07-14"}
    with open_state(tmp_path, tmp_path / "sample", fresh=True) as state:
        assert state.facts() == {}
        assert list(state.folder.iterdir()) == []


def test_each_folder_of_sources_has_a_state_of_its_own(tmp_path: Path) -> None:
    names = {name_of(tmp_path, folder) for folder in (tmp_path / "sample", tmp_path / "a/drops", tmp_path / "b/drops")}
    assert len(names) == 3
    assert "sample" in names


def test_buckets_and_site_are_copied_whole_and_nothing_else_stays(tmp_path: Path, fresh: Cloud) -> None:
    put(fresh, "index.html", b"<h1>", site=True)
    put(fresh, "athena/1.csv", b"x")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/old.html").write_text("of an earlier run")
    site = copy_buckets(fresh, tmp_path)
    assert site == tmp_path / "site"
    assert {path.name for path in site.rglob("*")} == {"index.html"}
    assert (tmp_path / "aws" / fresh.stack.site_bucket / "index.html").read_bytes() == b"<h1>"
    assert (tmp_path / "aws" / fresh.stack.data_bucket / "athena/1.csv").read_bytes() == b"x"
