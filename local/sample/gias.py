"""One row of the GIAS file at its full width: 135 columns, of which this project keeps fourteen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from local.sample.days import iso

_CODED = (
    "LA EstablishmentNumber EstablishmentName +TypeOfEstablishment +EstablishmentTypeGroup +EstablishmentStatus "
    "+ReasonEstablishmentOpened OpenDate +ReasonEstablishmentClosed CloseDate +PhaseOfEducation StatutoryLowAge "
    "StatutoryHighAge +Boarders =NurseryProvision +OfficialSixthForm +Gender +ReligiousCharacter =ReligiousEthos "
    "+Diocese +AdmissionsPolicy SchoolCapacity +SpecialClasses CensusDate NumberOfPupils NumberOfBoys NumberOfGirls "
    "PercentageFSM +TrustSchoolFlag +Trusts =SchoolSponsorFlag =SchoolSponsors =FederationFlag +Federations UKPRN "
    "FEHEIdentifier =FurtherEducationType LastChangedDate Street Locality Address3 Town =County Postcode SchoolWebsite "
    "TelephoneNum =HeadTitle HeadFirstName HeadLastName HeadPreferredJobTitle =BSOInspectorateName InspectorateReport "
    "DateOfLastInspectionVisit NextInspectionVisit =TeenMoth TeenMothPlaces =CCF =SENPRU =EBD PlacesPRU =FTProv "
    "=EdByOther =Section41Approved =SEN1 =SEN2 =SEN3 =SEN4 =SEN5 =SEN6 =SEN7 =SEN8 =SEN9 =SEN10 =SEN11 =SEN12 =SEN13 "
    "=TypeOfResourcedProvision ResourcedProvisionOnRoll ResourcedProvisionCapacity SenUnitOnRoll SenUnitCapacity +GOR "
    "+DistrictAdministrative +AdministrativeWard +ParliamentaryConstituency +UrbanRural =GSSLACode Easting Northing "
    "=MSOA =LSOA =InspectorateName SENStat SENNoStat =BoardingEstablishment PropsName +PreviousLA "
    "PreviousEstablishmentNumber =Country UPRN SiteName +QABName +EstablishmentAccredited QABReport CHNumber #MSOA "
    "#LSOA FSM AccreditationExpiryDate"
)


def _columns() -> tuple[str, ...]:
    columns = ["URN", "LA (code)", "LA (name)"]
    for word in _CODED.split()[1:]:
        name = word.lstrip("+=#")
        columns += {
            "+": [f"{name} (code)", f"{name} (name)"],
            "=": [f"{name} (name)"],
            "#": [f"{name} (code)"],
        }.get(word[0], [name])
    return tuple(columns)


COLUMNS = _columns()
HEADER = ",".join(f'"{column}"' for column in COLUMNS)
LINKS_HEADER = '"URN","LinkURN","LinkName","LinkType","LinkEstablishedDate"'

TYPES: dict[str, tuple[str, str]] = {
    "01": ("4", "Community school"),
    "02": ("4", "Voluntary aided school"),
    "03": ("4", "Voluntary controlled school"),
    "05": ("4", "Foundation school"),
    "06": ("3", "City technology college"),
    "07": ("5", "Community special school"),
    "08": ("5", "Non-maintained special school"),
    "10": ("5", "Other independent special school"),
    "11": ("3", "Other independent school"),
    "12": ("5", "Foundation special school"),
    "14": ("4", "Pupil referral unit"),
    "15": ("4", "Local authority nursery school"),
    "18": ("1", "Further education"),
    "24": ("9", "Secure units"),
    "25": ("9", "Offshore schools"),
    "26": ("9", "Service children's education"),
    "27": ("9", "Miscellaneous"),
    "28": ("10", "Academy sponsor led"),
    "29": ("2", "Higher education institutions"),
    "30": ("6", "Welsh establishment"),
    "31": ("1", "Sixth form centres"),
    "32": ("9", "Special post 16 institution"),
    "33": ("10", "Academy special sponsor led"),
    "34": ("10", "Academy converter"),
    "35": ("11", "Free schools"),
    "36": ("11", "Free schools special"),
    "37": ("9", "British schools overseas"),
    "38": ("11", "Free schools alternative provision"),
    "39": ("11", "Free schools 16 to 19"),
    "40": ("11", "University technical college"),
    "41": ("11", "Studio schools"),
    "42": ("10", "Academy alternative provision converter"),
    "43": ("10", "Academy alternative provision sponsor led"),
    "44": ("10", "Academy special converter"),
    "45": ("10", "Academy 16-19 converter"),
    "46": ("10", "Academy 16 to 19 sponsor led"),
    "56": ("9", "Institution funded by other government department"),
    "57": ("10", "Academy secure 16 to 19"),
}
"""Type of establishment: its group and name (GIAS code lists, April 2025)."""

GROUPS = {
    "1": "Colleges",
    "2": "Universities",
    "3": "Independent schools",
    "4": "Local authority maintained schools",
    "5": "Special schools",
    "6": "Welsh schools",
    "9": "Other types",
    "10": "Academies",
    "11": "Free Schools",
}
STATUSES = {"1": "Open", "2": "Closed", "3": "Open, but proposed to close", "4": "Proposed to open"}
PHASES = {
    "0": "Not applicable",
    "1": "Nursery",
    "2": "Primary",
    "3": "Middle deemed primary",
    "4": "Secondary",
    "5": "Middle deemed secondary",
    "6": "16 plus",
    "7": "All-through",
}
REGIONS = {
    "A": "North East",
    "B": "North West",
    "D": "Yorkshire and the Humber",
    "E": "East Midlands",
    "F": "West Midlands",
    "G": "East of England",
    "H": "London",
    "J": "South East",
    "K": "South West",
    "W": "Wales (pseudo)",
    "Z": "Not Applicable",
}


def category(name: str) -> str:
    """Return the name of a phase or group as results call it: ``All-through`` is ``all_through``."""
    return name.lower().replace(" ", "_").replace("-", "_")


_FIRST = ("Alex", "Sam", "Robin", "Charlie", "Jo", "Frankie", "Kit", "Morgan")
_LAST = ("Example", "Specimen", "Placeholder", "Sample", "Illustration")
_TITLES = ("Mr", "Mrs", "Ms", "Miss", "Dr")


@dataclass(slots=True)
class Establishment:
    """What of a school differs from row to row; ``opened`` and ``closed`` are day ordinals, 0 for blank.

    What is not given is that of an invented school.
    """

    urn: str
    name: str
    town: str = "Exampleton"
    postcode: str = ""
    status: str = "1"
    type: str = "01"
    phase: str = "2"
    gor: str = "H"
    la: str = ""
    opened: int = 0
    closed: int = 0
    low_age: str = "4"
    high_age: str = "11"
    slashes: bool = False
    code: str = ""
    """Type as written, where it is not :attr:`type`."""

    @property
    def group(self) -> str:
        """The type group that the type belongs to."""
        return TYPES[self.type][0]


def invented(urn: int, name: str = "", **facts: Any) -> Establishment:
    """Return an invented school, whose name says that it is one."""
    return Establishment(str(urn), name or f"Sample School {urn} (invented)", **facts)


def _written(ordinal: int, slashes: bool) -> str:
    if not ordinal:
        return ""
    text = iso(ordinal) if ordinal > _SHORT else _old(ordinal)
    year, month, day = text.split("-")
    return f"{day}/{month}/{year}" if slashes else f"{day}-{month}-{year}"


@cache
def _old(ordinal: int) -> str:
    """Return a day before those that :func:`iso` knows."""
    return date.fromordinal(ordinal).isoformat()


_SHORT = 736695  # 1 January 2018


def _cell(text: str) -> str:
    return text.replace('"', '""')


def row(school: Establishment, changed: int) -> str:
    """Return the CSV row of ``school``; ``changed`` is its LastChangedDate.

    The columns of persons hold invented names and telephone numbers set aside for fiction.
    """
    s = school
    number = int(s.urn) if s.urn else 0
    group, type_name = TYPES[s.type]
    opened, closed = _written(s.opened, s.slashes), _written(s.closed, s.slashes)
    revised = _written(changed, s.slashes)
    pupils = 60 + number * 37 % 900
    boys = pupils // 2
    house, first, last = number % 97 + 1, _FIRST[number % 8], _LAST[number % 5]
    closing = ("01", "Closure") if s.status == "2" else ("00", "Not applicable")
    props = f"{_FIRST[number % 7]} {_LAST[number % 4]}" if group == "3" else ""
    return (
        f'{s.urn},"{s.la}","","{number % 8999 + 1000}","{_cell(s.name)}","{s.code or s.type}","{type_name}","{group}",'
        f'"{GROUPS[group]}","{s.status}","{STATUSES[s.status]}","00","Not applicable","{opened}","{closing[0]}",'
        f'"{closing[1]}","{closed}","{s.phase}","{PHASES[s.phase]}",{s.low_age},{s.high_age},"1","No boarders",'
        f'"No Nursery Classes","2","Does not have a sixth form","3","Mixed","00","Does not apply","Does not apply",'
        f'"0000","Not applicable","0","Not applicable",{pupils + 30},"2","No Special Classes","16-01-2025","{pupils}",'
        f'"{boys}","{pupils - boys}","{number % 50}.{number % 10}0","0","Not applicable","","","Not applicable","",'
        f'"Not under a federation","","",,"","Not applicable","{revised}","{house} Example Street",'
        f'"","","{_cell(s.town)}","","{s.postcode}","www.school-{number}.example","0207946{number % 1000:04d}",'
        f'"{_TITLES[number % 5]}","{first}","{last}","Headteacher","Not applicable","","","","Not applicable","",'
        f'"Not applicable","Not applicable","Not applicable","","","Not applicable","Not applicable","","","","","","",'
        f'"","","","","","","","","","","","","{s.gor}","{REGIONS[s.gor]}","","","","","","","","","",,,"","","","","",'
        f'"","{props}","999","","","","{number}","","0","Not applicable","0","Not applicable","","","","","",""'
    )
