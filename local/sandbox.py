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
TMP = "/tmp"  # noqa: S108  # the only place where a function may write
_USER = ("--unshare-user", "--uid", "993", "--gid", "990")


@dataclass(frozen=True)
class Machine:
    """What stands for Lambda's machine: its Python (``/var/lang``), its system, and what runs programs for it."""

    python: Path
    system: tuple[str, ...]
    """Options of bubblewrap."""
    emulator: Path | None = None


@dataclass(frozen=True)
class Built:
    """Where everything is that a function finds on Lambda, by folder of ``functions/``."""

    task: Mapping[str, Path]
    opt: Mapping[str, Path]
    machine: Machine

    def process(self, folder: str, environment: Mapping[str, str], scratch: Path) -> Process:
        """Return how a function is started as Lambda would; ``scratch`` is its ``/tmp``."""
        read_only = {
            self.machine.python: "/var/lang",
            self.task[folder].resolve(): "/var/task",
            self.opt[folder].resolve(): "/opt",
            ROOT / "local" / "worker.py": "/var/runtime/worker.py",
        }
        command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", *_USER]
        command += [*self.machine.system, "--proc", "/proc", "--dev", "/dev", "--bind", str(scratch), TMP]
        command += [part for here, there in read_only.items() for part in ("--ro-bind", str(here), there)]
        emulator = ["/var/runtime/emulator"] if self.machine.emulator else []
        if self.machine.emulator:
            command += ["--ro-bind", str(self.machine.emulator), *emulator]
        command += ["--remount-ro", "/", "--chdir", "/var/task", *emulator, *_PYTHON, f"{TMP}/{REPORT}"]
        environment = {**environment, **ENVIRONMENT, "_HANDLER": f"functions.{folder}.app.lambda_handler"}
        return Process(command, environment, scratch)


@contextmanager
def open_built(build: Path = HERE, machine: Machine | None = None) -> Iterator[Built]:
    """Lay out the functions of a build for calls; :class:`BuiltError` says in a sentence what is missing."""
    machine, functions = machine or this_machine(), built_functions(build)
    # Beside the build, so that it is on the same disk: layers are laid together as links, not as copies.
    with tempfile.TemporaryDirectory(prefix="opt-", dir=build.parent) as root:
        opt = {folder: _lay_out(function.layers, Path(root)) for folder, function in functions.items()}
        yield Built({folder: function.code for folder, function in functions.items()}, opt, machine)


def this_machine() -> Machine:
    """Return this machine's CPython of Lambda's version and its libraries."""
    bin_folder = Path(_printed_by("sam-python"))
    # Not the folder of a virtual environment: what it was made from.
    asked = [str(bin_folder / "python3.13"), "-I", "-c", "import sys; print(sys.base_prefix)"]
    python = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    system = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in (Path("/bin"), Path("/lib"), Path("/lib64")):
        if folder.is_symlink():
            system += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            system += ["--ro-bind", str(folder), str(folder)]
    _check(system)
    return Machine(python, tuple(system))


def emulated_arm64() -> Machine:
    """Return Debian's CPython for arm64 with its libraries, run by an emulator."""
    emulator = shutil.which("qemu-aarch64-static")
    if emulator is None:
        raise BuiltError("programs for arm64 run here in an emulator, which is not here: install qemu-user-static")
    usr = Path(_printed_by("arm64-python")) / "usr"
    _check(["--ro-bind", "/", "/"])
    return Machine(usr, ("--ro-bind", str(usr), "/usr", "--symlink", "usr/lib", "/lib"), Path(emulator))


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


def _printed_by(script: str) -> str:
    """Return what a script of ``.ci`` prints; what it complains of is a :class:`BuiltError`."""
    ended = subprocess.run([str(ROOT / ".ci" / script)], capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode:
        raise BuiltError(ended.stderr.strip())
    return ended.stdout.strip()


def _check(system: Sequence[str]) -> None:
    if shutil.which("bwrap") is None:
        raise BuiltError("functions run as on Lambda in a sandbox of bubblewrap, which is not here: install bubblewrap")
    tried = subprocess.run(["bwrap", *_USER, *system, "/usr/bin/true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise BuiltError(f"bubblewrap may not make a sandbox here (user namespaces are needed): {tried.stderr.strip()}")
