"""Terms of the field in plain English, and the links that lead to them from where they are used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Term:
    """A term with its meaning; ``used`` are the spellings in texts that lead to it, as regular expressions."""

    id: str
    name: str
    meaning: str
    used: tuple[str, ...] = ()


TERMS = (
    Term(
        "academic-year",
        "Academic year",
        "For placements and jobs, 1 September to 31 August. For training records in Register trainee teachers, 1 "
        "August to 31 July.",
        ("academic year", "Register year"),
    ),
    Term(
        "accredited-provider",
        "Accredited provider",
        "An organisation that the Department for Education allows to recommend trainees for qualified teacher "
        "status: a university, or a group of schools that trains teachers.",
        ("accredited providers?",),
    ),
    Term(
        "apply",
        "Apply for teacher training",
        "The service through which candidates apply for teacher training courses in England. Providers answer there.",
        ("Apply for teacher training",),
    ),
    Term(
        "candidate",
        "Candidate",
        "Somebody who applies for a teacher training course. A candidate whose place is confirmed and who starts "
        "is a trainee.",
    ),
    Term(
        "delivery-partner",
        "Delivery partner",
        "A provider that runs courses but is not accredited itself: an accredited provider recommends its "
        "trainees. Today it is called a training partner. We keep the older name, because the target for these "
        "figures was set with it.",
        ("delivery partners?", "training partners?"),
    ),
    Term(
        "ect",
        "Early career teacher (ECT)",
        "A teacher who was awarded qualified teacher status recently and is in, or about to start, the first "
        "years of teaching. Each indicator that counts them says how recently.",
        ("early career teachers?", "ECTs?"),
    ),
    Term(
        "get-information-about-schools",
        "Get information about schools (GIAS)",
        "The Department for Education’s register of schools and colleges in England. It is the list that schools "
        "are counted against here.",
        ("Get information about schools", "GIAS"),
    ),
    Term(
        "itt",
        "Initial teacher training (ITT)",
        "The training, at a provider and on placement in schools, that leads to qualified teacher status.",
        ("initial teacher training", "ITT"),
    ),
    Term(
        "management-information",
        "Management information",
        "Figures that an organisation gathers to run a service. They are checked, but are not official statistics.",
    ),
    Term(
        "mentor",
        "Mentor",
        "A teacher at a placement school who guides a trainee there. A mentor allocation links a mentor, a "
        "placement and a trainee.",
        ("mentor allocations?", "mentors?"),
    ),
    Term(
        "percentage-point",
        "Percentage point",
        "The difference between two percentages. From 10% to 12% is up 2 percentage points, although it is one "
        "fifth more.",
    ),
    Term(
        "phase",
        "Phase of education",
        "Whether a school teaches children of nursery, primary, middle or secondary age, is a 16 plus one, or "
        "takes all ages.",
        ("phase of education",),
    ),
    Term(
        "qts",
        "Qualified teacher status (QTS)",
        "What somebody needs to teach in most state schools in England. It is awarded at the end of initial "
        "teacher training.",
        ("qualified teacher status", "QTS"),
    ),
    Term(
        "recruitment-cycle",
        "Recruitment cycle",
        "The year in which candidates apply for courses that start in the autumn at its end. It opens in October "
        "and is named by its two years.",
        ("recruitment cycle",),
    ),
    Term(
        "register",
        "Register trainee teachers",
        "The service in which training providers keep the records of their trainees.",
        ("Register trainee teachers",),
    ),
    Term(
        "release",
        "Release",
        "All figures of one day, published together. A release has its own address and does not change.",
    ),
    Term(
        "placement",
        "School placement",
        "A period that a trainee spends teaching in a school as part of the training.",
        ("school placements?",),
    ),
    Term(
        "trn",
        "Teacher reference number (TRN)",
        "A number of seven digits that stands for one teacher or trainee. It is never kept or shown here: it is "
        "replaced by a code before anything is stored.",
        ("teacher reference numbers?", "TRNs?"),
    ),
    Term(
        "teaching-vacancies",
        "Teaching Vacancies",
        "The Department for Education’s service in which schools advertise jobs, and can take applications.",
        ("Teaching Vacancies",),
    ),
    Term(
        "ukprn",
        "UK provider reference number (UKPRN)",
        "A number of eight digits that stands for one education or training provider.",
        ("UKPRNs?",),
    ),
    Term(
        "urn",
        "Unique reference number (URN)",
        "A number of six digits that stands for one school. A school that becomes an academy gets a new one.",
        ("URNs?",),
    ),
)
"""In the order of the page, which is that of their names."""


def linked(texts: Sequence[str], page: str) -> list[Markup]:
    """Return ``texts`` as HTML, each term a link to ``page`` where it is first used in all of them."""
    from markupsafe import Markup, escape

    terms: set[str] = set()
    marked = []
    for text in texts:
        parts: list[str] = []
        end = 0
        for match in _uses().finditer(text):
            term = next(name for name, spelling in match.groupdict().items() if spelling).replace("_", "-")
            if term in terms:
                continue
            terms.add(term)
            parts.append(escape(text[end : match.start()]))
            parts.append(Markup('<a class="govuk-link" href="{}#{}">{}</a>').format(page, term, match.group()))
            end = match.end()
        parts.append(escape(text[end:]))
        marked.append(Markup("").join(parts))
    return marked


@cache
def _uses() -> re.Pattern[str]:
    """Find any use of a term; an abbreviation only in capitals, other terms with either case of their first letter."""
    wanted = []
    for term in TERMS:
        spellings = "|".join(_either_case(spelling) for spelling in term.used)
        if spellings:
            wanted.append(rf"(?P<{term.id.replace('-', '_')}>\b(?:{spellings})\b)")
    return re.compile("|".join(wanted))


def _either_case(spelling: str) -> str:
    first = spelling[0]
    return f"[{first.upper()}{first}]{spelling[1:]}" if first.islower() else spelling
