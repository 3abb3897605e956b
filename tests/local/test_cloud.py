"""The local AWS holds what the template declares, and carries events to the function they are for."""

import json

from local.cloud import Cloud


def test_it_listens_on_the_loopback_only(cloud: Cloud) -> None:
    assert cloud.endpoint.startswith("http://127.0.0.1:")


def test_buckets_tables_and_workgroup_are_those_of_the_template(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {
        cloud.stack.data_bucket,
        cloud.stack.site_bucket,
    }
    assert s3.get_bucket_versioning(Bucket=cloud.stack.data_bucket)["Status"] == "Enabled"
    table = cloud.client("glue").get_table(DatabaseName="placements", Name="application_choices")["Table"]
    assert table["StorageDescriptor"]["Columns"][0] == {"Name": "id", "Type": "string"}
    assert table["Parameters"]["projection.enabled"] == "true"
    group = cloud.client("athena").get_work_group(WorkGroup="placements")["WorkGroup"]
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is True


def test_a_secret_is_found_by_the_address_in_the_environment(cloud: Cloud) -> None:
    arn = cloud.stack.function("ingest_apply").environment["PSEUDONYM_SECRET_ARN"]
    text = cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert json.loads(text) == {"key": "k" * 40}


def test_an_event_reaches_the_function_whose_rule_matches_it(cloud: Cloud) -> None:
    def put(detail_type: str) -> None:
        entry = {"Source": "school-placements-performance", "DetailType": detail_type, "Detail": '{"release": "r.1"}'}
        cloud.client("events").put_events(Entries=[entry])

    put("Something else")
    put("KPIs computed")
    (event,) = cloud.events_for("PublishSiteFunction")
    assert event["detail"] == {"release": "r.1"}
    assert event["detail-type"] == "KPIs computed"
    assert cloud.events_for("PublishSiteFunction") == [], "an event is taken once"


def test_a_failed_call_lies_in_the_on_failure_queue(cloud: Cloud) -> None:
    before = cloud.failures()
    cloud.report_failure(cloud.stack.function("ingest_apply"), {}, {"errorType": "SourceError", "errorMessage": "gone"})
    assert cloud.failures() == before + 1


def test_requests_are_counted_as_aws_bills_them(cloud: Cloud) -> None:
    cloud.requests.clear()
    s3 = cloud.client("s3")
    s3.put_object(Bucket=cloud.stack.data_bucket, Key="counted", Body=b"x")
    s3.get_object(Bucket=cloud.stack.data_bucket, Key="counted")
    s3.head_object(Bucket=cloud.stack.data_bucket, Key="counted")
    s3.list_objects_v2(Bucket=cloud.stack.data_bucket, Prefix="counted")
    assert cloud.requests == {("s3", "PUT"): 2, ("s3", "GET"): 2}, "a list costs as much as a PUT"
