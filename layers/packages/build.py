"""Makes one layer: installs its pinned wheels for Lambda's processor, and leaves out what no function reads.

``python3.13 build.py <Layer> <folder>``, called by ``sam build``. What runs on Lambda is the wheel that the package
index has, file by file: no library is compiled, stripped or patched here, so that the same lock gives the same layer
wherever it is built. ``LAYERS_FOR``, a processor as ``uname -m`` calls it, is for ``make built``: the same wheels
for the machine at hand.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

HERE = Path(__file__).parent
GLIBC = 34
"""Amazon Linux 2023, which Lambda's Python 3.13 runs on, has glibc 2.34
(https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html)."""
ON_LAMBDA = "/opt/python"

UNUSED = (
    # Tests, and what only somebody who compiles against a package needs.
    *("**/tests/", "**/conftest.py", "**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.pxi", "**/*.h", "**/*.hpp", "**/*.pyf"),
    *(
        "**/*.f",
        "**/*.f90",
        "**/*.c",
        "**/*.cc",
        "**/*.exe",
        "**/*.a",
        "pyarrow/include/",
        "pyarrow/includes/",
        "pyarrow/src/",
    ),
    # RECORD names files that have gone; how a package was installed is of no use.
    *("*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", "bin/"),
    # Flight is a network protocol that nothing here speaks; its library is linked by nothing else.
    *("pyarrow/libarrow_flight.so*", "pyarrow/libarrow_python_flight.so*", "pyarrow/_flight.*.so"),
    # A wheel holds no links, so these are whole copies of the library; what loads it asks for <name>.so.<major>.
    *("pyarrow/libarrow_python*.so", "pyarrow/libarrow_python*.so.*.*.*"),
    # Parts of packages that no function imports: examples, a web framework, a bridge to Fortran.
    *("boto3/examples/", "utils/", "aws_lambda_powertools/event_handler/", "numpy/f2py/"),
)


def main(layer: str, target: Path) -> None:
    """Make ``layer`` in ``target``."""
    install(HERE / f"{layer.lower()}.txt", os.environ.get("LAYERS_FOR", "aarch64"), target)
    for pattern in UNUSED:
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    keep_services(target)
    compile_sources(target)


def install(requirements: Path, machine: str, target: Path) -> None:
    """Install exactly the wheels that ``requirements`` names, for Lambda's glibc or an older one."""
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(17, GLIBC + 1)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    exactly = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--python-version=3.13", f"-r{requirements}"]
    older = f"--platform=manylinux2014_{machine}"
    subprocess.run([*pip, *exactly, *platforms, older, "--root-user-action=ignore", f"--target={target}"], check=True)


def keep_services(target: Path) -> None:
    """Leave of each SDK's descriptions those of the services in ``services.txt``, in their newest version."""
    lines = (HERE / "services.txt").read_text(encoding="utf-8").split("\n")
    kept = {line for line in lines if line and not line.startswith("#")}
    for service in [*target.glob("botocore/data/*/"), *target.glob("boto3/data/*/")]:
        versions = sorted(service.iterdir())
        for gone in versions[:-1] if service.name in kept else [service]:
            shutil.rmtree(gone)


def compile_sources(target: Path) -> None:
    """Write byte code beside the sources: a layer is read-only, so Lambda would compile them at every cold start.

    Unchecked, because the times of files do not survive the way to Lambda.
    """
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(target, quiet=1, stripdir=str(target), prependdir=ON_LAMBDA, invalidation_mode=mode):
        raise SystemExit(f"a source of {target} cannot be compiled")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
