"""What docs/architecture.md promises of the deployed system, proved from the translated template."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from local import preflight
from local.intrinsics import Resolver
from local.policies import allows
from local.template import load_stack, translate
from placements_kpi.settings import SOURCES
from tests.sources import PEOPLE

Resources = dict[str, dict[str, Any]]

FOLDERS = (*(f"ingest_{source}" for source in SOURCES), "compute_kpis", "publish_site")
FUNCTIONS = {
    f"{''.join(word.title() for word in folder.split('_'))}Function": f"functions.{folder}.app.lambda_handler"
    for folder in FOLDERS
}


def of_type(resources: Resources, kind: str) -> Resources:
    return {key: body for key, body in resources.items() if body["Type"] == kind}


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    """Every statement of the function's own inline policies."""
    role = resources[f"{function}Role"]["Properties"]
    return [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_there_is_a_function_of_each_folder_on_python_3_13_and_arm64(resolved: Resources) -> None:
    functions = of_type(resolved, "AWS::Lambda::Function")
    handlers = {key: body["Properties"]["Handler"] for key, body in functions.items()}
    assert handlers == FUNCTIONS, "template.yaml and LISTED in settings.py differ"
    for body in functions.values():
        assert body["Properties"]["Runtime"] == "python3.13"
        assert body["Properties"]["Architectures"] == ["arm64"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_timeout_memory_log_retention_and_failure_destination(
    function: str, resolved: Resources
) -> None:
    properties = resolved[function]["Properties"]
    assert 0 < properties["Timeout"] <= 900
    assert properties["MemorySize"] >= 512
    group = properties["LoggingConfig"]["LogGroup"]
    logs = [key for key in of_type(resolved, "AWS::Logs::LogGroup") if group.endswith(key)]
    assert len(logs) == 1, f"the log group of {function} is not declared"
    assert resolved[logs[0]]["Properties"]["RetentionInDays"] > 0
    invoke = [
        body["Properties"]
        for body in of_type(resolved, "AWS::Lambda::EventInvokeConfig").values()
        if body["Properties"]["FunctionName"] == properties["FunctionName"]
    ]
    assert len(invoke) == 1
    assert invoke[0]["MaximumRetryAttempts"] in (0, 1, 2)
    assert invoke[0]["MaximumEventAgeInSeconds"] > 0
    assert invoke[0]["DestinationConfig"]["OnFailure"]["Destination"].endswith("-on-failure")


def test_functions_share_no_role(resolved: Resources) -> None:
    roles = [body["Properties"]["Role"] for body in of_type(resolved, "AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles)


def test_no_policy_allows_every_resource_or_every_action(resolved: Resources) -> None:
    for key, body in of_type(resolved, "AWS::IAM::Role").items():
        for policy in body["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in as_list(statement["Resource"]), f"{key}: {statement}"
                assert not [a for a in as_list(statement["Action"]) if a == "*" or a.endswith(":*")], key


def test_an_ingest_writes_only_what_is_its_own(resolved: Resources, stack: Any) -> None:
    for function in (name for name in FUNCTIONS if name.startswith("Ingest")):
        source = FUNCTIONS[function].split(".")[1].removeprefix("ingest_")
        for statement in statements(resolved, function):
            if "s3:PutObject" not in as_list(statement["Action"]):
                continue
            for resource in as_list(statement["Resource"]):
                key = resource.split(f"{stack.data_bucket}/")[1]
                shared = key.startswith("snapshots/")
                assert shared or source in key, f"{function} may write {key}"


def test_no_two_ingests_write_the_same_table(resolved: Resources) -> None:
    written: dict[str, str] = {}
    for function in FUNCTIONS:
        for statement in statements(resolved, function):
            if "s3:PutObject" in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    if "/snapshots/" in resource:
                        assert resource not in written, f"{function} and {written[resource]} both write {resource}"
                        written[resource] = function


def test_the_publisher_reads_nothing_but_protected_results(resolved: Resources, stack: Any) -> None:
    """All that its role may do, so that nothing can be added unseen: no secret, table, query, snapshot or its name."""
    data, page = f"arn:aws:s3:::{stack.data_bucket}", f"arn:aws:s3:::{stack.site_bucket}"
    allowed = {
        (action, resource)
        for statement in statements(resolved, "PublishSiteFunction")
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if statement["Effect"] == "Allow" and not action.startswith("sqs:")
    }
    assert allowed == {
        ("s3:GetObject", f"{data}/protected/*"),
        ("s3:PutObject", f"{data}/runs/publish_site/*"),
        ("s3:GetObject", f"{data}/preview/*"),
        ("s3:PutObject", f"{data}/preview/*"),
        ("s3:GetObject", f"{page}/*"),
        ("s3:PutObject", f"{page}/*"),
        ("s3:DeleteObject", f"{page}/latest/*"),
        ("s3:ListBucket", page),
    }


def test_who_approves_may_approve_and_look_and_nothing_else(resolved: Resources, stack: Any) -> None:
    """A right to the function's own address is none to its alias's, nor the reverse."""
    (policy,) = [body for body in resolved.values() if body["Type"] == "AWS::IAM::ManagedPolicy"]
    allowed = {
        (action, json.dumps(resource))
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    data = f"arn:aws:s3:::{stack.data_bucket}"
    assert {one for one in allowed if one[0] != "lambda:InvokeFunction"} == {
        ("s3:GetObject", json.dumps(f"{data}/preview/*")),
        ("s3:ListBucket", json.dumps(data)),
    }
    (invoked,) = [resource for action, resource in allowed if action == "lambda:InvokeFunction"]
    assert "ApproveAlias" in invoked, "the alias, and not the function"


def test_only_ingests_with_people_in_them_read_the_pseudonym_key(resolved: Resources) -> None:
    readers = {
        function
        for function in FUNCTIONS
        for statement in statements(resolved, function)
        if "PseudonymSecret" in json.dumps(statement["Resource"])
    }
    assert readers == {f"Ingest{source.title()}Function" for source in PEOPLE}


def test_only_compute_reads_the_key_of_rounding_and_the_ledger(resolved: Resources) -> None:
    for secret_or_folder in ("RoundingSecret", "/ledger/"):
        users = {
            function
            for function in FUNCTIONS
            for statement in statements(resolved, function)
            if secret_or_folder in json.dumps(statement["Resource"])
        }
        assert users == {"ComputeKpisFunction"}


def test_only_compute_carries_the_solver(template: dict[str, Any]) -> None:
    carriers = {
        name
        for name, body in template["Resources"].items()
        if body["Type"] == "AWS::Lambda::Function" and "FramesLayer" in json.dumps(body["Properties"]["Layers"])
    }
    assert carriers == {"ComputeKpisFunction"}


@pytest.mark.parametrize("bucket", ["DataBucket", "SiteBucket", "DropsBucket", "AccessLogsBucket"])
def test_a_bucket_is_private_versioned_encrypted_and_takes_tls_only(bucket: str, resolved: Resources) -> None:
    properties = resolved[bucket]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["LifecycleConfiguration"]["Rules"]
    policy = resolved[f"{bucket}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    tls = [s for s in policy if s["Effect"] == "Deny"]
    assert tls[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert not [s for s in policy if s["Effect"] == "Allow" and s["Principal"] == "*"]


def test_the_ledger_and_protected_results_are_written_once_and_the_ledger_is_never_deleted(
    resolved: Resources, stack: Any
) -> None:
    statements = {s["Sid"]: s for s in resolved["DataBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]}
    once, never = statements["PublishedFiguresAreWrittenOnce"], statements["TheLedgerIsNeverDeleted"]
    data = f"arn:aws:s3:::{stack.data_bucket}"
    assert once["Resource"] == [f"{data}/ledger/*", f"{data}/protected/*/results.json"]
    assert (once["Effect"], once["Action"], once["Principal"]) == ("Deny", "s3:PutObject", "*")
    assert once["Condition"] == {"Null": {"s3:if-none-match": "true"}}, "a write must say that nothing is there yet"
    assert (never["Effect"], never["Resource"], never["Principal"]) == ("Deny", f"{data}/ledger/*", "*")
    assert set(never["Action"]) == {"s3:DeleteObject", "s3:DeleteObjectVersion"}


def test_query_results_are_gone_after_a_week(resolved: Resources) -> None:
    rules = resolved["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == "athena/"] == [7]


def test_rows_expire_in_all_their_versions_and_published_aggregates_do_not(resolved: Resources) -> None:
    rules = resolved["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    expire = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert 0 < expire["snapshots/"] <= 400
    assert 0 < expire["quarantine/"] <= 90
    assert not [prefix for prefix in expire if "protected/".startswith(prefix) or prefix.startswith("protected/")]
    (old,) = [rule for rule in rules if "NoncurrentVersionExpiration" in rule]
    assert "Prefix" not in old, "what is expired or deleted is gone from every prefix"
    assert old["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 30
    site = resolved["SiteBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert not [rule for rule in site if "ExpirationInDays" in rule], "old releases stay readable"


def test_whom_to_erase_is_named_to_ingests_with_people_only(resolved: Resources) -> None:
    told = {
        function
        for function in FUNCTIONS
        if "ERASURE_SECRET_ARN" in resolved[function]["Properties"]["Environment"]["Variables"]
    }
    keyed = {
        function
        for function in FUNCTIONS
        if "PSEUDONYM_SECRET_ARN" in resolved[function]["Properties"]["Environment"]["Variables"]
    }
    assert told == keyed and len(told) == len(PEOPLE)


def test_the_workgroup_is_enforced_and_limits_what_a_query_scans(resolved: Resources) -> None:
    (workgroup,) = of_type(resolved, "AWS::Athena::WorkGroup").values()
    configuration = workgroup["Properties"]["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert int(configuration["BytesScannedCutoffPerQuery"]) >= 10_000_000
    assert configuration["PublishCloudWatchMetricsEnabled"] is True


def test_schedules_are_in_london_time_and_state_their_retries(resolved: Resources) -> None:
    schedules = of_type(resolved, "AWS::Scheduler::Schedule")
    assert len(schedules) >= 10
    for key, body in schedules.items():
        properties = body["Properties"]
        assert properties["ScheduleExpressionTimezone"] == "Europe/London", key
        hour = properties["ScheduleExpression"].removeprefix("cron(").split()[1]
        assert hour != "1", f"{key} falls into the hour that a clock change skips or repeats"
        assert properties["Target"]["RetryPolicy"]["MaximumRetryAttempts"] >= 0
        assert properties["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] > 0
        assert properties["Target"]["DeadLetterConfig"]["Arn"].endswith("-on-failure")
        assert json.loads(properties["Target"]["Input"]) in ({}, {"full": True})


def test_ingests_come_before_compute_and_no_two_start_together(resolved: Resources) -> None:
    starts = {}
    for key, body in of_type(resolved, "AWS::Scheduler::Schedule").items():
        minute, hour, day = body["Properties"]["ScheduleExpression"].removeprefix("cron(").split()[:3]
        if day == "*" and key.endswith("Daily"):
            starts[key] = int(hour) * 60 + int(minute)
    assert len(set(starts.values())) == len(starts)
    compute = starts.pop("ComputeKpisFunctionDaily")
    assert max(starts.values()) + 15 < compute, "an ingest may still be running when compute starts"


def test_the_failure_queue_is_encrypted_and_watched(resolved: Resources) -> None:
    queue = resolved["OnFailureQueue"]["Properties"]
    assert queue["SqsManagedSseEnabled"] is True
    alarms = of_type(resolved, "AWS::CloudWatch::Alarm")
    assert any(
        {"Name": "QueueName", "Value": "OnFailureQueue.QueueName"} in body["Properties"].get("Dimensions", [])
        or body["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
        for body in alarms.values()
    )


def test_every_alarm_goes_to_the_topic(resolved: Resources) -> None:
    alarms = of_type(resolved, "AWS::CloudWatch::Alarm")
    watched = {
        dimension["Value"]
        for body in alarms.values()
        for dimension in body["Properties"]["Dimensions"]
        if dimension["Name"] == "FunctionName"
    }
    functions = {b["Properties"]["FunctionName"] for b in of_type(resolved, "AWS::Lambda::Function").values()}
    assert watched == functions, "a function has no alarm on its errors"
    for key, body in alarms.items():
        assert body["Properties"]["AlarmActions"], key


def test_a_source_raises_the_alarm_at_the_age_at_which_its_figures_stop(resolved: Resources) -> None:
    alarms = of_type(resolved, "AWS::CloudWatch::Alarm").values()
    hours = {
        dimension["Value"]: body["Properties"]["Threshold"]
        for body in alarms
        for dimension in body["Properties"]["Dimensions"]
        if dimension["Name"] == "source"
    }
    variables = resolved["ComputeKpisFunction"]["Properties"]["Environment"]["Variables"]
    assert hours == {source: days * 24 for source, days in json.loads(variables["MAX_AGE_DAYS"]).items()}


def test_every_metric_that_an_alarm_watches_is_one_that_the_code_sends(resolved: Resources) -> None:
    from pathlib import Path

    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("functions", "layers/core")
        for path in Path(folder).rglob("*.py")
    )
    for key, body in of_type(resolved, "AWS::CloudWatch::Alarm").items():
        if body["Properties"]["Namespace"] == "SchoolPlacementsPerformance":
            name = body["Properties"]["MetricName"]
            assert f'name="{name}"' in code, f"{key} watches {name}, which no function sends"


def test_the_page_is_reached_through_cloudfront_only_with_security_headers(resolved: Resources) -> None:
    (distribution,) = of_type(resolved, "AWS::CloudFront::Distribution").values()
    config = distribution["Properties"]["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    assert all(origin["OriginAccessControlId"] for origin in config["Origins"])
    (policy,) = of_type(resolved, "AWS::CloudFront::ResponseHeadersPolicy").values()
    security = policy["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    csp = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert csp.startswith("default-src 'none'")
    assert "unsafe" not in csp
    assert security["FrameOptions"]["FrameOption"] == "DENY"


def test_compute_has_what_athena_asks_of_whoever_queries(resolved: Resources, stack: Any) -> None:
    """The default database: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html;
    the place of the results: the statement BaseQueryResultsPermissions of AWS's own policy for Athena's users."""
    own = statements(resolved, "ComputeKpisFunction")
    glue = "arn:aws:glue:eu-west-2:123456789012:"
    for action in ("glue:GetDatabase", "glue:CreateDatabase"):
        assert allows(own, action, f"{glue}database/default") and allows(own, action, f"{glue}catalog")
    assert allows(own, "glue:GetDatabase", f"{glue}database/{stack.database}")
    assert not allows(own, "glue:CreateDatabase", f"{glue}database/{stack.database}")
    theirs = json.loads(aws_managed_policies_data)["AmazonAthenaFullAccess"]["Document"]["Statement"]
    (results,) = [one for one in theirs if one.get("Sid") == "BaseQueryResultsPermissions"]
    bucket = f"arn:aws:s3:::{stack.data_bucket}"
    makes_the_bucket = {"s3:CreateBucket", "s3:PutBucketPublicAccessBlock"}
    refused = {
        action
        for action in results["Action"]
        if not allows(own, action, f"{bucket}/athena/1.csv") and not allows(own, action, bucket)
    }
    assert refused == makes_the_bucket


ALL_GIVEN = {
    "DropsBucketName": "the-teams-drops",
    "DropsAccount": "111122223333",
    "DropsKeyArn": "arn:aws:kms:eu-west-2:111122223333:key/0-1",
}


def roles_of(given: dict[str, str]) -> Resources:
    template = translate(given=given)
    values = {name: body.get("Default", "local") for name, body in template["Parameters"].items()}
    resolver = Resolver(template, values | given)
    return {
        key: {"Type": body["Type"], **resolver.value({"Properties": body.get("Properties", {})})}
        for key, body in template["Resources"].items()
        if resolver.exists(key)
    }


@pytest.mark.parametrize("given", [{}, ALL_GIVEN], ids=["own bucket", "the teams' bucket"])
def test_an_ingest_reads_drops_of_its_own_source_from_the_owner_of_the_bucket_only(given: dict[str, str]) -> None:
    roles, stack = roles_of(given), load_stack(given=given)
    for source in SOURCES:
        name = f"Ingest{source.capitalize()}Function"
        own = statements(roles, name)
        bucket = given.get("DropsBucketName") or stack.buckets["DropsBucket"].name
        owner = {"s3:resourceaccount": given.get("DropsAccount", "123456789012")}
        drop = f"arn:aws:s3:::{bucket}/{source}/dt=2026-07-14/manifest.json"
        assert allows(own, "s3:GetObject", drop, owner)
        assert not allows(own, "s3:GetObject", drop, {"s3:resourceaccount": "999999999999"})
        other = "apply" if source != "apply" else "register"
        assert not allows(own, "s3:GetObject", drop.replace(f"/{source}/", f"/{other}/"), owner)
        listing = owner | {"s3:prefix": f"{source}/"}
        assert allows(own, "s3:ListBucket", f"arn:aws:s3:::{bucket}", listing)
        assert not allows(own, "s3:ListBucket", f"arn:aws:s3:::{bucket}", listing | {"s3:prefix": f"{other}/"})
        assert not allows(own, "s3:PutObject", drop, owner)
        if given:
            through_s3 = {"kms:viaservice": "s3.eu-west-2.amazonaws.com"}
            assert allows(own, "kms:Decrypt", given["DropsKeyArn"], through_s3)
            assert not allows(own, "kms:Decrypt", given["DropsKeyArn"], {})


def test_without_a_location_a_source_is_read_from_the_drops_of_its_own_stack(resolved: Resources) -> None:
    """So that dev never reads prod's; the two public services are read live, but in a demonstration."""
    for demonstration in ("true", "false"):
        for name in ("placements-dev", "placements"):
            stack = load_stack(given={"AWS::StackName": name, "Demonstration": demonstration})
            for source in SOURCES:
                location = stack.function(f"ingest_{source}").environment["SOURCE_LOCATION"]
                if demonstration == "false" and source in {"providers", "schools"}:
                    assert location.startswith("https://")
                else:
                    assert location == f"s3://{name}-dropsbucket-local/{source}"


@pytest.mark.parametrize(
    ("given", "location"),
    [
        ({}, "bigquery://p-1/d_1"),
        ({"RegisterDataset": "p-1/d_1/register_airbyte"}, "bigquery://p-1/d_1/register_airbyte"),
        ({"RegisterLocation": "drops"}, "s3://{drops}/register"),
        ({"RegisterLocation": "https://r.example/api/v2026.1"}, "https://r.example/api/v2026.1"),
        ({"Demonstration": "true"}, "s3://{drops}/register"),
    ],
)
def test_register_is_read_from_bigquery_unless_another_way_is_asked_for(given: dict[str, str], location: str) -> None:
    stack = load_stack(given={"RegisterDataset": "p-1/d_1"} | given)
    said = stack.function("ingest_register").environment["SOURCE_LOCATION"]
    assert said == location.format(drops=stack.buckets["DropsBucket"].name)


def test_an_owning_team_writes_into_its_own_folder_and_may_do_nothing_else() -> None:
    writers = {source: f"arn:aws:iam::111122223333:role/{source}" for source in SOURCES}
    given = {f"{source.capitalize()}Writer": role for source, role in writers.items()}
    roles, stack = roles_of(given), load_stack(given=given)
    policy = roles["DropsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    bucket = f"arn:aws:s3:::{stack.buckets['DropsBucket'].name}"
    secure = {"aws:securetransport": "true"}
    for source, role in writers.items():
        own = [one for one in policy if one["Principal"] in ("*", {"AWS": role})]
        for other in SOURCES:
            drop = f"{bucket}/{other}/dt=2026-07-14/manifest.json"
            assert allows(own, "s3:PutObject", drop, secure) is (other == source)
            assert not allows(own, "s3:GetObject", drop, secure)
            assert not allows(own, "s3:DeleteObject", drop, secure)
        assert not allows(own, "s3:ListBucket", bucket, secure | {"s3:prefix": f"{source}/"})
        assert not allows(own, "s3:PutObject", f"{bucket}/{source}/x", {"aws:securetransport": "false"})
    default = roles_of({})["DropsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [one["Effect"] for one in default] == ["Deny"], "by default nobody else may do anything"


def test_raw_drops_are_gone_in_all_their_versions_after_a_few_weeks(resolved: Resources) -> None:
    (rule,) = resolved["DropsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert "Prefix" not in rule
    assert rule["ExpirationInDays"] + rule["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 40


def test_who_read_or_wrote_is_logged_for_every_bucket_but_that_of_the_logs(resolved: Resources) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html: a policy for the service
    that delivers, and a bucket of its own, which does not log into itself."""
    logs = resolved["AccessLogsBucket"]["Properties"]
    assert "LoggingConfiguration" not in logs
    prefixes = [
        body["Properties"]["LoggingConfiguration"]["LogFilePrefix"]
        for key, body in of_type(resolved, "AWS::S3::Bucket").items()
        if key != "AccessLogsBucket"
    ]
    assert len(set(prefixes)) == 3
    policy = resolved["AccessLogsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    deliver = [one for one in policy if one["Principal"] in ("*", {"Service": "logging.s3.amazonaws.com"})]
    name = load_stack().buckets["AccessLogsBucket"].name
    request = {"aws:securetransport": "true", "aws:sourceaccount": "123456789012"}
    for prefix in prefixes:
        assert allows(deliver, "s3:PutObject", f"arn:aws:s3:::{name}/{prefix}2026-07-14", request)
    assert not allows(deliver, "s3:PutObject", f"arn:aws:s3:::{name}/x", request | {"aws:sourceaccount": "1"})


@pytest.mark.parametrize(("given", "number"), [({}, None), ({"ReserveConcurrency": "true"}, 1)])
def test_every_function_runs_one_at_a_time_where_it_is_asked_for_and_a_small_account_can_deploy(
    given: dict[str, str], number: int | None
) -> None:
    """An erasure and an ingest of the same source then wait for each other: they are the same function. Reserving
    leaves at least 100 unreserved or is refused (https://docs.aws.amazon.com/lambda/latest/dg/
    configuration-concurrency.html), and a new account may have fewer in all (…/gettingstarted-limits.html)."""
    functions = of_type(roles_of(given), "AWS::Lambda::Function")
    assert len(functions) == preflight.FUNCTIONS
    assert {body["Properties"].get("ReservedConcurrentExecutions") for body in functions.values()} == {number}


def test_an_alarm_about_missing_data_is_silent_until_the_first_success(resolved: Resources) -> None:
    """A new alarm is in the state INSUFFICIENT_DATA; it acts when its state changes (https://docs.aws.amazon.com/
    AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html). Treating what is missing as breaching would raise
    it within minutes of the first deployment, treating it as not breaching would hide that nothing runs any more."""
    alarms = {key: body["Properties"] for key, body in of_type(resolved, "AWS::CloudWatch::Alarm").items()}
    assert "breaching" not in {alarm["TreatMissingData"] for alarm in alarms.values()}
    silence = {key for key, alarm in alarms.items() if alarm["TreatMissingData"] == "missing"}
    assert silence == {"NoReleaseAlarm", *(f"{source.capitalize()}TooOldAlarm" for source in SOURCES)}
    for key in silence:
        assert alarms[key]["InsufficientDataActions"] == alarms[key]["AlarmActions"], key
        # A period of an hour or more may be looked back on for seven days (…/APIReference/API_PutMetricAlarm.html).
        assert alarms[key]["Period"] >= 3600
        assert alarms[key]["Period"] * alarms[key]["EvaluationPeriods"] <= 7 * 86_400
