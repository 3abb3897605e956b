"""The file of establishments, ``edubasealldataYYYYMMDD.csv``: one row a school, open or closed."""

from functions.ingest_schools.contract import AUTHORITY, POSTCODE, SCHOOLS
from functions.ingest_schools.staged import stage
from functions.ingest_schools.values import Reader, codes, days, ids, regions, texts, urns
from placements_kpi.codes import UKPRN
from placements_kpi.sources import SourceFile
from placements_kpi.staging import Staging

FIELDS: dict[str, tuple[str, Reader]] = {
    "urn": ("URN", urns),
    "establishment_name": ("EstablishmentName", texts),
    "establishment_status": ("EstablishmentStatus (code)", codes),
    "type_of_establishment": ("TypeOfEstablishment (code)", codes),
    "establishment_type_group": ("EstablishmentTypeGroup (code)", codes),
    "phase_of_education": ("PhaseOfEducation (code)", codes),
    "gor": ("GOR (code)", regions),
    "la": ("LA (code)", ids(AUTHORITY, 3)),
    "open_date": ("OpenDate", days),
    "close_date": ("CloseDate", days),
    "postcode": ("Postcode", ids(POSTCODE)),
    "ukprn": ("UKPRN", ids(UKPRN)),
    "last_changed_date": ("LastChangedDate", days),
}
"""Name in the contract: name in the file, and what reads it. Nothing else of the file is read."""


def stage_establishments(file: SourceFile, staging: Staging) -> None:
    """Stage every row of the file of establishments."""
    stage(file, SCHOOLS, FIELDS, staging)
