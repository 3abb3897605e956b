"""Clients of AWS whose errors know what was asked, and what such an error means to an operator.

botocore's own message names the call and not its object, and a service's message may quote what it was
given. So a client notes what it asks for, and :func:`explained` says what failed, where, and what to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERMISSIONS = {
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "DeleteObject": "s3:DeleteObject (s3:DeleteObjectVersion for one version)",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
}
"""Where the permission is not called as the call (https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html)."""

_DENIED = "the policies of the role, of what is asked for and of the key it is encrypted with must all allow it"
_EXPIRED = "the credentials are not valid, or not any more: run again in Lambda; on a machine of your own, log in again"
_BUSY = "too many requests at once: run again in some minutes"
_FAULT = "AWS has a fault: run again, and look at https://health.aws.amazon.com if it stays"
_REGION = "the bucket is in another region than the function: check DATA_BUCKET and SOURCE_LOCATION"

_ADVICE = {
    code: advice
    for advice, codes in (
        (_DENIED, "AccessDenied AccessDeniedException 403 DecryptionFailure"),
        (
            _EXPIRED,
            "ExpiredToken ExpiredTokenException RequestExpired InvalidAccessKeyId InvalidClientTokenId InvalidToken",
        ),
        (_EXPIRED, "UnrecognizedClientException SignatureDoesNotMatch"),
        (_BUSY, "SlowDown Throttling ThrottlingException TooManyRequestsException RequestLimitExceeded 429"),
        (_FAULT, "InternalError InternalFailure InternalServerError InternalServiceError ServiceUnavailable"),
        (_FAULT, "RequestTimeout 500 503"),
        (_REGION, "PermanentRedirect AuthorizationHeaderMalformed 301"),
        ("there is no such bucket: check DATA_BUCKET and SOURCE_LOCATION", "NoSuchBucket"),
        ("it is not there: it was deleted meanwhile, or never written", "NoSuchKey 404"),
        ("it does not exist, or has no value yet", "ResourceNotFoundException"),
        ("the object is archived: restore it first", "InvalidObjectState"),
        ("the clock of this machine is wrong", "RequestTimeTooSkewed"),
    )
    for code in codes.split()
}
"""By error code: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html for S3,
https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html for the others."""

_UNREACHED = "no whole answer came: run again; if it stays, look at the network and https://health.aws.amazon.com"
_UNANSWERED = {
    "NoCredentialsError": "there are no credentials: log in, or give the function its role",
    "NoRegionError": "AWS_DEFAULT_REGION is not set",
}


def client(service: str) -> Any:
    """Return a client of ``service`` whose errors :func:`explained` can place."""
    new_client = boto3.client(service)  # type: ignore[call-overload]  # the stubs want a literal name

    def note(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["asked"] = (service, str(model.name), _where(params))

    def answered(parsed: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        if "Error" in parsed:
            parsed["Error"]["Asked"] = context.get("asked")

    def unanswered(exception: Exception, context: Mapping[str, Any], **_: Any) -> None:
        if "asked" in context:
            place(exception, *context["asked"])

    # Once for a client, also where whoever made it gives the same one again.
    new_client.meta.events.register("provide-client-params", note, unique_id="note what is asked")
    new_client.meta.events.register("after-call", answered, unique_id="place an answer")
    new_client.meta.events.register("after-call-error", unanswered, unique_id="place what was not answered")
    return new_client


def place(error: Exception, service: str, operation: str, where: str) -> None:
    """Note on an error what was being asked for."""
    error.asked = (service, operation, where)  # type: ignore[attr-defined]  # ours, on an error of theirs


def code(error: Exception) -> str:
    """Return the error code that AWS answered with, or what kept an answer from coming."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def explained(error: BotoCoreError | ClientError) -> str:
    """Return what could not be done, with what, why, and what to look at; never what the service wrote itself."""
    service, operation, where = _asked(error)
    on = f" on {where}" if where else ""
    if not isinstance(error, ClientError):
        return f"AWS did not do {operation}{on} ({code(error)}): {_UNANSWERED.get(code(error), _UNREACHED)}"
    advice = _ADVICE.get(code(error)) or (
        "the key that it is encrypted with cannot be used" if code(error).startswith("KMS") else ""
    )
    if advice == _DENIED:
        permission = _PERMISSIONS.get(operation, f"{service}:{operation}")
        # S3 refuses a missing object alike where the role may not list (API reference, GetObject, Permissions).
        permission += " (and s3:ListBucket, if it may be missing)" if permission == "s3:GetObject" else ""
        advice = f"look for {permission}: {advice}"
    return f"AWS refused {operation}{on} ({code(error)})" + (f": {advice}" if advice else "")


def passes(error: BotoCoreError | ClientError) -> bool:
    """Return whether the same call may go well later though nobody mends anything."""
    if not isinstance(error, ClientError):
        return code(error) not in _UNANSWERED
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or _ADVICE.get(code(error)) in (_BUSY, _FAULT, _EXPIRED)


def _asked(error: Exception) -> tuple[str, str, str]:
    if isinstance(error, ClientError):
        noted = error.response.get("Error", {}).get("Asked")
        return noted or ("s3", str(error.operation_name), "")  # type: ignore[return-value]  # ours, not botocore's
    noted = getattr(error, "asked", None)
    return noted or ("", "what was asked", "")


def _where(params: Mapping[str, Any]) -> str:
    if "Bucket" in params:
        return f"s3://{params['Bucket']}/{params.get('Key', params.get('Prefix', ''))}"
    named = ("SecretId", "WorkGroup", "DatabaseName", "QueryExecutionId")
    return next((str(params[name]) for name in named if name in params), "")
