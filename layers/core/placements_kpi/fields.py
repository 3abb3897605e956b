"""What a field of a JSON record may hold: pydantic-core schemas, strict, for each kind of column.

No day from an instant, no text from a number. Instants are ISO 8601 with ``Z`` or an
offset; without either they are UTC; a day alone stands for its midnight UTC, which
falls on that day in London in winter and in summer. Days are ``YYYY-MM-DD``. All lie
in 1900 to 2100.

BigQuery's exports write a whole number as text, since JSON's own numbers are too short for
its ``INT64``, a file of CSV has nothing but text, and an instant is written
``2026-01-31 23:30:00.123456 UTC`` (https://cloud.google.com/bigquery/docs/exporting-data) or, cast to text,
``2026-01-31 23:30:00.123456+00``: a whole number, ``true`` and ``false`` as text, and those forms of an instant are
read too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

from pydantic_core import CoreSchema, SchemaValidator, core_schema

from placements_kpi.london_days import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from placements_kpi.sources import Feed
    from placements_kpi.tables import Column, Kind

LONGEST_TEXT = 255
"""Characters of a text column: ids, codes and names are short, an essay is in the wrong column."""
LONGEST_LIST = 10_000
LARGEST_NUMBER = 9_999
"""Every whole number that a record has is a year, but for those of a column that says how great they can be; a longer
one is somebody's number in the wrong column."""

TRN_TOKEN = core_schema.custom_error_schema(
    core_schema.nullable_schema(core_schema.str_schema(strict=True, pattern="^[0-9a-f]{64}$")),
    custom_error_type="wrong_type",
    custom_error_message="not a token",
)
"""A TRN that its owner has already keyed with the shared key."""

ANYTHING = core_schema.any_schema()

_INSTANT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$"
_INSTANT_OF_BIGQUERY = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?( UTC|[+-]\d\d)$"
_WHOLE_NUMBER = r"^-?\d{1,19}$"
_TRUE_OR_FALSE = r"^(?i:true|false)$"


def text() -> CoreSchema:
    """Return what a text field, or null, is validated with, for ``Feed.extra``."""
    return core_schema.nullable_schema(_text_schema(False, None))


def validator(feed: Feed) -> SchemaValidator:
    """Return what validates one record of ``feed``: its table's columns from the source, extra fields, lists."""
    fields = {
        column.name: core_schema.typed_dict_field(_column_schema(column), required=column.required)
        for column in feed.table.columns
        if column.from_source
    }
    for name, schema in feed.extra.items():
        fields[name] = core_schema.typed_dict_field(schema, required=False)
    for name, columns in lists(feed).items():
        fields[name] = core_schema.typed_dict_field(_entries(columns), required=False)
    return SchemaValidator(core_schema.typed_dict_schema(fields, strict=True, extra_behavior="ignore"))


def extra_fields(feed: Feed) -> SchemaValidator:
    """Return what validates the extra fields of a record, and nothing else of it."""
    extra = {name: core_schema.typed_dict_field(schema, required=False) for name, schema in feed.extra.items()}
    return SchemaValidator(core_schema.typed_dict_schema(extra, strict=True, extra_behavior="ignore"))


def values(column: Column) -> SchemaValidator:
    """Return what validates a list of values of ``column``, none of them null; of a list column, of its entries."""
    kind = column.kind.removesuffix("[]")
    required = column.required and kind == column.kind
    return SchemaValidator(core_schema.list_schema(_schema(cast("Kind", kind), required, column.pattern), strict=True))


def lists(feed: Feed) -> dict[str, Sequence[Column]]:
    """Return what is read of the entries of each list of objects, those with tables of their own and the others."""
    of_tables = {
        children.field: [column for column in children.table.columns[1:] if column.day_of is None]
        for children in feed.children
    }
    return of_tables | dict(feed.nested)


def _column_schema(column: Column) -> CoreSchema:
    schema = _whole(column.most) if column.most else _schema(column.kind, column.required, column.pattern)
    return schema if column.required else core_schema.nullable_schema(schema)


def _entries(columns: Sequence[Column]) -> CoreSchema:
    """Return a list (or null) of objects of which only ``columns`` are read."""
    entry = core_schema.typed_dict_schema(
        {column.name: core_schema.typed_dict_field(_column_schema(column), required=False) for column in columns}
    )
    return core_schema.nullable_schema(core_schema.list_schema(entry, strict=True, max_length=LONGEST_LIST))


def _text_schema(required: bool, pattern: str | None) -> CoreSchema:
    return core_schema.str_schema(
        strict=True,
        strip_whitespace=True,
        min_length=1 if required else None,
        max_length=LONGEST_TEXT,
        pattern=None if pattern is None else f"^(?:{pattern})?$",  # a blank is none
    )


def _either(plain: CoreSchema, as_text: CoreSchema) -> CoreSchema:
    """Return a schema for what is plainly there, else for the text of it, with one error for both."""
    return core_schema.union_schema(
        [plain, as_text], mode="left_to_right", custom_error_type="wrong_type", custom_error_message="of another type"
    )


def _text_of(pattern: str, then: CoreSchema) -> CoreSchema:
    return core_schema.chain_schema([core_schema.str_schema(strict=True, strip_whitespace=True, pattern=pattern), then])


def _whole(most: int) -> CoreSchema:
    number = _either(core_schema.int_schema(strict=True), _text_of(_WHOLE_NUMBER, core_schema.int_schema(strict=False)))
    return core_schema.chain_schema([number, core_schema.int_schema(strict=True, ge=0, le=most)])


def _boolean() -> CoreSchema:
    as_text = _text_of(_TRUE_OR_FALSE, core_schema.bool_schema(strict=False))
    return _either(core_schema.bool_schema(strict=True), as_text)


def _instant() -> CoreSchema:
    # The pattern first: pydantic alone would take the text "1700000000" for an instant.
    with_zone = _text_of(_INSTANT, core_schema.datetime_schema(strict=False))
    of_bigquery = _text_of(_INSTANT_OF_BIGQUERY, core_schema.no_info_plain_validator_function(_instant_of_bigquery))
    return core_schema.chain_schema(
        [
            _either(with_zone, core_schema.chain_schema([of_bigquery, core_schema.datetime_schema(strict=False)])),
            core_schema.datetime_schema(
                strict=True,
                ge=datetime(FIRST_YEAR, 1, 1, tzinfo=UTC),
                lt=datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC),
            ),
        ]
    )


def _instant_of_bigquery(text: str) -> str:
    return text.replace(" UTC", "Z") if text.endswith(" UTC") else f"{text}:00"


def _schema(kind: Kind, required: bool, pattern: str | None) -> CoreSchema:
    if kind.endswith("[]"):
        entry = _schema(cast("Kind", kind.removesuffix("[]")), False, pattern)
        return core_schema.list_schema(entry, strict=True, max_length=LONGEST_LIST)
    return _text_schema(required, pattern) if kind == "string" else _OTHERS[kind]


_OTHERS: dict[Kind, CoreSchema] = {
    "integer": _whole(LARGEST_NUMBER),
    "boolean": _boolean(),
    "date": core_schema.date_schema(strict=True, ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31)),
    "timestamp": _instant(),
}
