"""``make rehearse``: docs/deploying.md typed word by word, then two stacks held against each other.

Exit status 0 if everything is as it should be, 1 if not, 2 if the rehearsal could not begin.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import ClientError

from functions.compute_kpis.emit import DETAIL_TYPE
from local.errors import LocalError
from local.rehearsal.commands import Block, blocks, not_here
from local.rehearsal.host import ROOT, Host, open_host
from local.rehearsal.stacks import LOOK, differences, facts, resources, shared, unfinished
from local.sandbox import HERE, open_built, this_machine
from local.template import declared

DOCUMENT = ROOT / "docs" / "deploying.md"
BUILD = ROOT / "build" / "rehearsal"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
NOT_HERE = ((r"^make (template|rehearse)\b", "make rehearse itself comes after make template"),)
"""Blocks of the document that are not typed, by what they have in them, each with its reason."""
TO_DO = re.compile(r"make preflight .*")
"""A block that may end with another exit status than 0: it does while there is something to do."""
CHANGE = "AlarmEmail=rehearsal@example.org DisclosureApprovedBy=rehearsal"
CHANGED = ("AWS::Lambda::Function ComputeKpisFunction: Environment ", "AWS::SNS::Subscription AlarmSubscription ")
"""An update: parameters, and what they change. LocalStack can change no schedule that is there."""
SAM = ROOT / ".venv-sam" / "bin" / "sam"


class RehearsalError(LocalError):
    """Something was not as it should be."""


class Rehearsal:
    """The play: what is done in order, and what must be so after each step."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._started = time.monotonic()
        config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
        self._settings = {stage: config[stage]["deploy"]["parameters"] for stage in ("dev", "prod")}
        self._dev, self._prod = (str(self._settings[stage]["stack_name"]) for stage in ("dev", "prod"))

    def play(self) -> None:
        """Play it all; :class:`RehearsalError` says what was wrong."""
        self._document()
        self._both_are_whole()
        self._page()
        self._events_stay_at_home()
        before = facts(self._host, self._prod)
        self._update()
        self._delete()
        self._deploy_again()
        self._nothing("the other stack has changed meanwhile", differences(before, facts(self._host, self._prod)))
        self._say("the other stack is what it was before")

    def _document(self) -> None:
        typed = 0
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "variables"
            kept.touch()
            for block in blocks(DOCUMENT.read_text(encoding="utf-8")):
                reason = not_here(block, NOT_HERE)
                if reason:
                    self._say(f"line {block.line}, not typed: {reason}")
                    continue
                self._type(block, kept)
                typed += 1
        if not typed:
            raise RehearsalError(f"{DOCUMENT.name} has no commands")

    def _type(self, block: Block, kept: Path) -> None:
        """Type a block as in the terminal of before: its variables are known, and questions are answered with yes."""
        known = shlex.quote(str(kept))
        script = f"set -euo pipefail\nset -a\nexec < <(yes)\n. {known}\n{block.text}\nexport -p > {known}"
        before = len(self._host.runner.calls)
        self._run(["bash", "-c", script], f"{DOCUMENT.name}, line {block.line}", TO_DO.fullmatch(block.text))
        if "invoke" in block.text:
            self._settle()
            self._nothing(
                f"functions failed after {DOCUMENT.name}, line {block.line}",
                [f"{call.function}: {call.error}" for call in self._host.runner.calls[before:] if call.error],
            )
        self._say(f"line {block.line}: {block.text.splitlines()[0]}")

    def _run(self, command: list[str], what: str, may_fail: object = None) -> None:
        ended = subprocess.run(
            ["timeout", "900", *command],
            cwd=ROOT,
            env=self._host.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        with (BUILD / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"== {what}\n{ended.stdout}\n")
        if ended.returncode and not may_fail:
            raise RehearsalError(f"{what} ended with exit status {ended.returncode}:\n{ended.stdout[-3000:]}")

    def _settle(self) -> None:
        if not self._host.runner.settle():
            raise RehearsalError("functions go on running")

    def _both_are_whole(self) -> None:
        stacks = {name: resources(self._host, name) for name in (self._dev, self._prod)}
        for stage, name in (("dev", self._dev), ("prod", self._prod)):
            self._nothing(f"the stack {name} is not whole", unfinished(stacks[name], self._declared(stage)))
            unknown = [what for what, value in facts(self._host, name).items() if "unknown" in str(value)]
            self._nothing(f"in the stack {name} something is unknown", unknown)
        self._nothing("two stacks share a name", shared(stacks[self._dev], stacks[self._prod]))
        self._say(
            f"both stacks are whole, {len(stacks[self._dev])} and {len(stacks[self._prod])} resources; they share none"
        )

    def _declared(self, stage: str) -> Counter[str]:
        given = dict(part.split("=", 1) for part in shlex.split(self._settings[stage]["parameter_overrides"]))
        return Counter(body["Type"] for body in declared(BUILT, given).values())

    def _page(self) -> None:
        """Fetch the site of the demonstration, and see that it is one."""
        s3, bucket = self._host.client("s3"), self._outputs(self._dev)["SiteBucketName"]
        shutil.rmtree(BUILD / "site", ignore_errors=True)
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            path = BUILD / "site" / item["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
        front = BUILD / "site" / "index.html"
        text = front.read_text(encoding="utf-8") if front.is_file() else ""
        kpis = [path.name for path in ROOT.glob("functions/compute_kpis/kpis/*")]
        if "Demonstration data" not in text or not all(f"/{kpi}/index.html" in text for kpi in kpis):
            raise RehearsalError(f"the demonstration's page is not in {bucket}, or is not one: see {BUILD}/site")
        self._say(f"the demonstration's page is there: {BUILD.relative_to(ROOT)}/site")

    def _events_stay_at_home(self) -> None:
        """Say "KPIs computed" as each stack would, and see that its own publisher alone is called."""
        for name, other in ((self._dev, self._prod), (self._prod, self._dev)):
            before = len(self._host.runner.calls)
            source = facts(self._host, name)["AWS::Lambda::Function ComputeKpisFunction: Environment"]["Variables"][
                "EVENT_SOURCE"
            ]
            entry = {"Source": source, "DetailType": DETAIL_TYPE, "Detail": "{}"}
            self._host.client("events").put_events(Entries=[entry])
            self._settle()
            called = {call.function for call in self._host.runner.calls[before:]}
            if called != {f"{name}-publish-site"}:
                raise RehearsalError(f"the event of {name} called {called or 'nobody'}")
            self._say(f"the event of {name} called its publisher, and not that of {other}")
        # Nothing was ever computed there, so its publisher failed, was tried again, and the event was given up.
        waiting = {name: self._waiting(name) for name in (self._dev, self._prod)}
        if waiting != {self._dev: 0, self._prod: 1}:
            raise RehearsalError(f"in the failure queues there should be one event of {self._prod}, but: {waiting}")
        self._say("the one that failed twice is in its stack's failure queue")

    def _waiting(self, name: str) -> int:
        address, wanted = self._outputs(name)["OnFailureQueueUrl"], "ApproximateNumberOfMessages"
        queue = self._host.client("sqs").get_queue_attributes(QueueUrl=address, AttributeNames=[wanted])
        return int(queue["Attributes"][wanted])

    def _update(self) -> None:
        before = facts(self._host, self._dev)
        self._deploy(f"{self._settings['dev']['parameter_overrides']} {CHANGE}")
        changed = differences(before, facts(self._host, self._dev))
        self._nothing(
            "the update changed more than it should", [line for line in changed if not line.startswith(CHANGED)]
        )
        if not all(any(line.startswith(start) for line in changed) for start in CHANGED):
            raise RehearsalError(f"the update changed less than it should: {changed}")
        self._say(f"{self._dev} is updated: a setting and a subscription, and nothing else")

    def _delete(self) -> None:
        formation, before = self._host.client("cloudformation"), facts(self._host, self._dev)
        left_over = resources(self._host, self._dev)
        formation.delete_stack(StackName=self._dev)
        formation.get_waiter("stack_delete_complete").wait(StackName=self._dev, WaiterConfig={"Delay": 1})
        retained = {
            key for key, body in declared(BUILT, {}).items() if body.get("DeletionPolicy", "").startswith("Retain")
        }
        for resource in left_over:
            kind, logical, name = (resource[of] for of in ("ResourceType", "LogicalResourceId", "PhysicalResourceId"))
            if kind not in LOOK:
                continue
            try:
                now = LOOK[kind](self._host, name)
            except ClientError:
                now = None
            was = {
                what.partition(": ")[2]: value
                for what, value in before.items()
                if what.startswith(f"{kind} {logical}: ")
            }
            if (logical in retained) != (now == was) or (now is not None and logical not in retained):
                raise RehearsalError(f"{kind} {logical} ({name}) after the stack is deleted: {now}")
        self._say(f"{self._dev} is deleted: what it should leave is whole, the rest is gone")

    def _deploy_again(self) -> None:
        self._deploy(self._settings["dev"]["parameter_overrides"])
        self._nothing("the new stack is not whole", unfinished(resources(self._host, self._dev), self._declared("dev")))
        held = facts(self._host, self._dev)["AWS::S3::Bucket DataBucket: objects"]
        self._nothing("the new stack's bucket is not empty", list(held))
        self._say(f"{self._dev} is deployed again, beside what the old one left")

    def _deploy(self, overrides: str) -> None:
        asked = "deploy --config-env dev --no-confirm-changeset --parameter-overrides"
        self._run([str(SAM), *asked.split(), overrides], "sam deploy")

    def _outputs(self, name: str) -> dict[str, str]:
        stack = self._host.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _nothing(self, wrong: str, lines: list[str]) -> None:
        if lines:
            raise RehearsalError(f"{wrong}:\n  " + "\n  ".join(lines))

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {what}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description="Rehearse the deployment.")
    parser.add_argument("--hold", default="", help="1: play nothing, and wait, for commands typed by hand")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end that leaves nothing running, as Ctrl-C is one
    shutil.rmtree(BUILD, ignore_errors=True)
    try:
        with open_built(HERE, this_machine()) as code, open_host(BUILD, code) as host:
            if asked.hold == "1":
                _hold(host)
            else:
                Rehearsal(host).play()
    except RehearsalError as error:
        print(f"error: {error}\nThe logs are in {BUILD}", file=sys.stderr)
        return 1
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _hold(host: Host) -> None:
    print("LocalStack is up. In another terminal, in this folder:\n")
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in host.environment.items()))
    print("\nThen type what docs/deploying.md says. Ctrl-C here ends it.", flush=True)
    with suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
