"""What is deployed says of which commit it was built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from local.version import UNKNOWN, VersionError, of_checkout, stamp


def git(folder: Path, *asked: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(["git", "-C", str(folder), *who, *asked], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_the_version_is_the_commit_and_a_tag_where_there_is_one(checkout: Path) -> None:
    assert of_checkout(checkout) == git(checkout, "rev-parse", "--short=12", "HEAD")
    git(checkout, "tag", "v1.2")
    assert of_checkout(checkout) == "v1.2"


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_what_differs_from_the_commit_or_is_not_in_it_is_said_to(checkout: Path, name: str) -> None:
    (checkout / name).write_text("2\n")
    assert of_checkout(checkout).endswith("-dirty")


def test_files_that_are_no_checkout_are_of_no_version(tmp_path: Path) -> None:
    assert of_checkout(tmp_path / "nowhere") == UNKNOWN


def test_the_version_is_written_into_the_build_once(tmp_path: Path) -> None:
    built = tmp_path / "template.yaml"
    built.write_text(f"Mappings:\n  Build:\n    Code:\n      Version: {UNKNOWN}\nResources: {{}}\n")
    stamp(built, "0123456")
    assert yaml.safe_load(built.read_text())["Mappings"]["Build"]["Code"]["Version"] == "0123456"
    with pytest.raises(VersionError, match="build it again"):
        stamp(built, "another")


def test_every_function_is_given_the_version_that_the_build_writes() -> None:
    template = Path("template.yaml").read_text(encoding="utf-8")
    assert template.count(UNKNOWN) == 1
    assert "CODE_VERSION: !FindInMap [Build, Code, Version]" in template
    assert "CodeVersion" not in template + Path("samconfig.toml").read_text(encoding="utf-8")
