"""What a text may be that is stored: a code of a list, or an id of a known form (sources#what-is-kept).

The forms are those of the services' own ids, each with the file of the service that says so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN = "unknown"
"""Stands for a code that is on no list."""

RECORD_ID = "[A-Za-z]{0,2}-?[0-9]{0,18}|[A-Za-z]?[0-9]{1,18}[a-z]|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""A row's own id: a number or a UUID (``db/schema.rb`` of each service), the number with a letter or two beside it at
most, as an export may tell its kinds apart. A National Insurance number has more."""

URN = "[0-9]{5,6}"
"""A school's unique reference number (register-trainee-teachers ``app/forms/placement_form.rb`` takes six digits,
publish-teacher-training ``app/models/provider.rb`` five or six)."""

UKPRN = "[0-9]{8}"
"""A provider's reference number in the UK register (publish-teacher-training ``app/validators``)."""

PROVIDER_CODE = "[A-Za-z]?[A-Za-z0-9]{1,4}"
COURSE_CODE = PROVIDER_CODE
"""Three or four letters and digits (publish-teacher-training ``generate_course_code_service.rb``)."""

GROUP_ID = "(?:TR)?[0-9]{1,5}"
"""A trust's UID or group id in Get information about schools."""


def listed(values: Any, codes: Collection[str]) -> Any:
    """Return an Arrow array of texts, or of lists of texts, with :data:`UNKNOWN` for each that is not in ``codes``."""
    if pa.types.is_list(values.type):
        return pa.ListArray.from_arrays(values.offsets, listed(values.values, codes), mask=values.is_null())
    is_listed: Any = pc.is_in(values, value_set=pa.array(sorted(codes), pa.string()))
    return pc.if_else(pc.or_(is_listed, values.is_null()), values, pa.scalar(UNKNOWN))
