"""Lambda's layout on this machine: a function as it was built, and nothing else, in a sandbox of bubblewrap.

Inside there are ``/var/task`` and ``/opt`` (the function and its layers), ``/var/lang`` (a CPython 3.13 without its
packages) and the system's libraries, all of it read-only, and ``/tmp``. There is no home and no checkout.
Only the network is the machine's, for the local AWS on the loopback address.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.built import BuiltError, built_functions
from local.lambdas import REPORT, ROOT, Process

HERE = Path(".aws-sam/here/build")
"""The build for the processor of this machine, which ``make built`` makes."""

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Defined runtime environment variables".
ENVIRONMENT = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    ),
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "PYTHONPATH": "/var/runtime",
    "TZ": ":UTC",
}
# Where the runtime looks for modules before the standard library (set_default_sys_path of its bootstrap.py). The
# packages of /var/lang, AWS's own boto3 among them, come after these; here they are left out, so that nothing leans
# on them.
SEARCH_PATH = ("/var/task", "/opt/python/lib/python3.13/site-packages", "/opt/python", "/var/runtime")
_START = (
    f"import runpy, sys; sys.path[:0] = {list(SEARCH_PATH)}; runpy.run_path('/var/runtime/worker.py', None, '__main__')"
)
# Isolated, and without the module "site": no package and no setting of this machine's Python is looked at.
_PYTHON = ("/var/lang/bin/python3.13", "-I", "-S", "-c", _START)
_USER = ("--unshare-user", "--uid", "993", "--gid", "990")


@dataclass(frozen=True)
class Built:
    """Where everything is that a function finds on Lambda, by folder of ``functions/``."""

    task: Mapping[str, Path]
    opt: Mapping[str, Path]
    python: Path
    """What stands for ``/var/lang``."""

    def process(self, folder: str, environment: Mapping[str, str], scratch: Path) -> Process:
        """Return how a function is started as Lambda would; ``scratch`` is its ``/tmp``."""
        read_only = {
            self.python: "/var/lang",
            self.task[folder].resolve(): "/var/task",
            self.opt[folder].resolve(): "/opt",
            ROOT / "local" / "worker.py": "/var/runtime/worker.py",
        }
        command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", *_USER, *_system()]
        command += [part for here, there in read_only.items() for part in ("--ro-bind", str(here), there)]
        command += ["--proc", "/proc", "--dev", "/dev", "--bind", str(scratch), "/tmp", "--chdir", "/var/task"]  # noqa: S108
        named = {"_HANDLER": f"functions.{folder}.app.lambda_handler"}
        return Process([*command, *_PYTHON, f"/tmp/{REPORT}"], {**environment, **ENVIRONMENT, **named}, scratch)  # noqa: S108


@contextmanager
def open_built(build: Path = HERE) -> Iterator[Built]:
    """Lay out the functions of a build for calls; :class:`BuiltError` says in a sentence what this machine lacks."""
    functions, python = built_functions(build), _python()
    _check()
    # Beside the build, so that it is on the same disk: layers are laid together as links, not as copies.
    with tempfile.TemporaryDirectory(prefix="opt-", dir=build.parent) as root:
        opt = {folder: _lay_out(function.layers, Path(root)) for folder, function in functions.items()}
        yield Built({folder: function.code for folder, function in functions.items()}, opt, python)


def _lay_out(layers: Sequence[Path], root: Path) -> Path:
    """Return a folder of ``root`` with the layers one over the other; functions with the same layers share it."""
    folder = root / "+".join(layer.name for layer in layers)
    if not folder.exists():
        for layer in layers:
            shutil.copytree(layer, folder, copy_function=_link, dirs_exist_ok=True)
    return folder


def _link(here: str, there: str) -> None:
    Path(there).unlink(missing_ok=True)  # a later layer wins
    os.link(here, there)


def _system() -> list[str]:
    """Return the part of a command that gives the sandbox the system's libraries and programs."""
    parts = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in (Path("/bin"), Path("/lib"), Path("/lib64")):
        if folder.is_symlink():
            parts += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            parts += ["--ro-bind", str(folder), str(folder)]
    return parts


def _python() -> Path:
    """Return the folder that a CPython of Lambda's version is installed in, not that of a virtual environment."""
    found = subprocess.run([str(ROOT / ".ci" / "sam-python")], capture_output=True, text=True, check=False)
    if found.returncode:
        raise BuiltError(found.stderr.strip())
    asked = [found.stdout.strip() + "/python3.13", "-I", "-c", "import sys; print(sys.base_prefix)"]
    return Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())


def _check() -> None:
    if shutil.which("bwrap") is None:
        raise BuiltError("functions run as on Lambda in a sandbox of bubblewrap, which is not here: install bubblewrap")
    tried = subprocess.run(["bwrap", *_USER, *_system(), "/usr/bin/true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise BuiltError(f"bubblewrap may not make a sandbox here (user namespaces are needed): {tried.stderr.strip()}")
