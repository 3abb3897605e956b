-- Teaching vacancies filled by early career teachers, and where trainees apply (KPI definitions, section 4): one row a vacancy
-- and day, and beside them one a trainee who applies, one a record left out, and one a day.
-- uses: points lists lineage school_place
WITH
-- Vacancies for teachers: one role that counts is enough, and two count once. One discarded after it expired stays.
vacancy AS (
    SELECT DISTINCT
        vacancy_id,
        CASE WHEN cardinality(organisation_urns) > 0 THEN organisation_urns ELSE ARRAY[''] END AS urns,
        publish_on,
        expires_on,
        COALESCE(starts_on, expires_on) AS start_on,
        CASE WHEN discarded_at > expires_at THEN NULL ELSE discarded_on END AS discarded_on,
        hired_status,
        CASE WHEN hired_status IS NOT NULL THEN stats_updated_on END AS answered_on,
        CASE WHEN takes_applications THEN 1 ELSE 0 END AS takes_applications
    FROM vacancies
    INNER JOIN lists AS counted ON counted.list = 'counted_job_role' AND contains(job_roles, counted.code)
    WHERE vacancies.snapshot = :vacancies_snapshot
),
-- A vacancy's region or phase is the one its schools have in common. URNs not in GIAS are passed over.
advert AS (
    SELECT
        vacancy.vacancy_id,
        vacancy.urns,
        vacancy.publish_on,
        vacancy.expires_on,
        vacancy.start_on,
        vacancy.discarded_on,
        vacancy.hired_status,
        vacancy.answered_on,
        vacancy.takes_applications,
        CASE WHEN MIN(school.region) = MAX(school.region) THEN MIN(school.region) ELSE 'not_available' END AS region,
        CASE WHEN MIN(school.phase) = MAX(school.phase) THEN MIN(school.phase) ELSE 'not_available' END AS phase
    FROM vacancy
    CROSS JOIN UNNEST(vacancy.urns) AS given (urn)
    LEFT JOIN school_place AS school ON school.urn = given.urn
    GROUP BY
        vacancy.vacancy_id,
        vacancy.urns,
        vacancy.publish_on,
        vacancy.expires_on,
        vacancy.start_on,
        vacancy.discarded_on,
        vacancy.hired_status,
        vacancy.answered_on,
        vacancy.takes_applications
),
-- "Population" on each day: published, and closed by then, that is expired or answered about. An answer later than the
-- day is undone. One without a date closes nothing and is used at the newest point only.
population AS (
    SELECT
        points.period,
        points.as_of,
        points.is_current,
        advert.vacancy_id,
        advert.urns,
        advert.region,
        advert.phase,
        advert.start_on,
        advert.takes_applications,
        CASE
            WHEN advert.answered_on <= points.as_of OR (advert.answered_on IS NULL AND points.is_current)
                THEN advert.hired_status
        END AS hired_status,
        CASE WHEN advert.answered_on <= points.as_of THEN advert.answered_on END AS answered_on,
        CASE WHEN advert.hired_status IS NOT NULL AND advert.answered_on IS NULL THEN 1 ELSE 0 END AS answer_undated
    FROM points
    INNER JOIN advert
        ON advert.expires_on BETWEEN points.period_start AND points.period_end
        AND advert.publish_on <= points.as_of
        AND (advert.expires_on <= points.as_of OR advert.answered_on <= points.as_of)
        AND (advert.discarded_on IS NULL OR advert.discarded_on > points.as_of)
),
-- "Standing offer", but for the day: from the offer (where blank, the last update) until it is declined or withdrawn.
-- Any application can be withdrawn: that there was an offer, only its day says.
application AS (
    SELECT
        application_id,
        vacancy_id,
        submitted_on,
        trn,
        qualified_teacher_status,
        qualified_teacher_status_year,
        CASE WHEN is_statutory_induction_complete THEN 1 ELSE 0 END AS induction_complete,
        CASE
            WHEN standing.value IN ('offered', 'declined') THEN COALESCE(offered_on, updated_on)
            WHEN standing.value = 'withdrawn' THEN offered_on
        END AS offered_on,
        CASE WHEN offered_on IS NULL THEN 1 ELSE 0 END AS is_imputed,
        CASE standing.value
            WHEN 'offered' THEN DATE '9999-12-31'
            WHEN 'declined' THEN declined_on
            WHEN 'withdrawn' THEN withdrawn_on
        END AS ended_on,
        trn_problem,
        CASE
            WHEN standing.value = 'declined' AND declined_on IS NULL THEN 'end_of_offer_without_date'
            WHEN standing.value IN ('offered', 'declined') AND offered_on IS NULL THEN 'offer_without_date'
            WHEN standing.value = 'withdrawn' AND withdrawn_on IS NULL AND offered_on IS NOT NULL
                THEN 'end_of_offer_without_date'
        END AS offer_problem,
        CASE WHEN submitted_on IS NULL THEN 'submission_without_date' END AS submission_problem,
        updated_on
    FROM vacancy_applications
    LEFT JOIN lists AS standing ON standing.list = 'vacancy_application_status_class' AND standing.code = status
    WHERE vacancy_applications.snapshot = :vacancy_applications_snapshot
),
-- "Match": Register trainees by TRN; one that is refused leaves none. Drafts and early-years records match nothing, an
-- award without a date cannot be told from none. What is dated later than the day is undone, so each record keeps its
-- days: in training until it is left, but for a deferral from which the trainee has come back.
register AS (
    SELECT
        record.trn,
        record.trn_problem,
        CASE
            WHEN record.trn IS NOT NULL AND standing.value = 'awarded' AND record.awarded_on IS NULL
                THEN 'award_without_date'
        END AS date_problem,
        record.awarded_on,
        record.itt_end_date,
        CASE
            WHEN standing.value IN ('in_training', 'awarded') THEN DATE '9999-12-31'
            WHEN standing.value = 'deferred' THEN COALESCE(record.defer_date, DATE '1800-01-01')
            WHEN standing.value = 'withdrawn'
                AND record.reinstate_date IS NULL
                AND record.defer_date < record.withdrawal_date
                THEN record.defer_date
            WHEN standing.value = 'withdrawn' THEN COALESCE(record.withdrawal_date, DATE '1800-01-01')
            ELSE DATE '1800-01-01'
        END AS left_on,
        record.defer_date AS paused_on,
        record.reinstate_date AS returned_on,
        record.placement_urns
    FROM (
        SELECT
            trn,
            trn_problem,
            state,
            awarded_on,
            itt_end_date,
            defer_date,
            reinstate_date,
            withdrawal_date,
            placement_urns,
            training_route
        FROM trainees
        WHERE snapshot = :trainees_snapshot
    ) AS record
    LEFT JOIN lists AS standing ON standing.list = 'trainee_state_class' AND standing.code = record.state
    LEFT JOIN lists AS route ON route.list = 'training_route_class' AND route.code = record.training_route
    WHERE
        (standing.value IS NULL OR standing.value <> 'draft')
        AND (route.value IS NULL OR route.value <> 'early_years')
),
trainee AS (
    SELECT trn, awarded_on, itt_end_date, left_on, paused_on, returned_on, placement_urns
    FROM register
    WHERE date_problem IS NULL
),
-- The offers that stand on each day. "ECT window" by the vacancy's start: an award at most 24 months before it, or none
-- yet and an expected end at most 6 months after it, in the window if any record of the TRN is.
offer AS (
    SELECT
        population.as_of,
        population.vacancy_id,
        year(population.start_on) AS start_year,
        application.application_id,
        application.qualified_teacher_status,
        application.qualified_teacher_status_year,
        application.induction_complete,
        application.offered_on,
        application.is_imputed,
        CASE WHEN application.trn IS NULL THEN 0 ELSE 1 END AS has_trn,
        MAX(CASE WHEN trainee.trn IS NULL THEN 0 ELSE 1 END) AS is_matched,
        MAX(
            CASE
                WHEN trainee.trn IS NULL THEN 0
                WHEN trainee.awarded_on <= population.as_of
                    THEN CASE
                        WHEN trainee.awarded_on >= CAST(date_add('month', -24, population.start_on) AS date) THEN 1
                        ELSE 0
                    END
                WHEN trainee.left_on <= population.as_of THEN 0
                WHEN trainee.paused_on <= population.as_of AND trainee.returned_on > population.as_of THEN 0
                WHEN trainee.itt_end_date > CAST(date_add('month', 6, population.start_on) AS date) THEN 0
                ELSE 1
            END
        ) AS in_window
    FROM population
    INNER JOIN application
        ON application.vacancy_id = population.vacancy_id
        AND application.offered_on <= population.as_of
        AND application.ended_on > population.as_of
    LEFT JOIN trainee ON trainee.trn = application.trn
    GROUP BY
        population.as_of,
        population.vacancy_id,
        population.start_on,
        application.application_id,
        application.qualified_teacher_status,
        application.qualified_teacher_status_year,
        application.induction_complete,
        application.offered_on,
        application.is_imputed,
        application.trn
),
-- "Class of a vacancy" by its standing offers: the first that holds for any of them.
offered AS (
    SELECT
        offer.as_of,
        offer.vacancy_id,
        COUNT(*) AS offers,
        SUM(offer.has_trn) AS with_trn,
        SUM(offer.is_matched) AS matched,
        SUM(offer.is_imputed) AS imputed,
        MIN(CASE WHEN offer.in_window = 1 THEN offer.offered_on END) AS in_window_from,
        MIN(
            CASE
                WHEN offer.in_window = 1 THEN 2
                WHEN offer.is_matched = 1 THEN 4
                WHEN qualification.value = 'on_track' THEN 3
                WHEN offer.induction_complete = 1 THEN 4
                WHEN offer.qualified_teacher_status_year >= offer.start_year - 2 THEN 3
                WHEN offer.qualified_teacher_status_year IS NOT NULL THEN 4
                ELSE 5
            END
        ) AS place
    FROM offer
    LEFT JOIN lists AS qualification
        ON qualification.list = 'qualified_teacher_status_class' AND qualification.code = offer.qualified_teacher_status
    GROUP BY offer.as_of, offer.vacancy_id
),
-- One row for each vacancy of the population on each day. The school's answer may be at odds with an offer made by then,
-- and is the class where no offer stands (and nothing is known of an applicant).
classed AS (
    SELECT
        population.period,
        population.as_of,
        population.region,
        population.phase,
        population.takes_applications,
        population.answer_undated,
        CASE
            WHEN
                offered.in_window_from <= population.answered_on
                AND outcome.value IN ('not_filled', 'filled_elsewhere')
                THEN 1
            WHEN offered.place IS NOT NULL THEN offered.place
            WHEN outcome.value IN ('filled_here', 'filled_elsewhere') THEN 5
            WHEN outcome.value = 'not_filled' THEN 6
            ELSE 7
        END AS place,
        offered.offers,
        offered.with_trn,
        offered.matched,
        offered.imputed
    FROM population
    LEFT JOIN lists AS outcome ON outcome.list = 'hired_status_outcome' AND outcome.code = population.hired_status
    LEFT JOIN offered ON offered.as_of = population.as_of AND offered.vacancy_id = population.vacancy_id
),
-- "Where trainees apply": in training, or awarded in the 24 months up to the day, with an application submitted by the
-- day to a vacancy of the population. Several records with one TRN are one trainee, who is in if any of them is.
applying AS (
    SELECT
        population.period,
        population.as_of,
        population.urns,
        population.region,
        population.phase,
        trainee.trn
    FROM population
    INNER JOIN application
        ON application.vacancy_id = population.vacancy_id AND application.submitted_on <= population.as_of
    INNER JOIN trainee ON trainee.trn = application.trn
    WHERE
        CASE
            WHEN trainee.awarded_on <= population.as_of
                THEN trainee.awarded_on >= CAST(date_add('month', -24, population.as_of) AS date)
            WHEN trainee.left_on <= population.as_of THEN FALSE
            WHEN trainee.paused_on <= population.as_of AND trainee.returned_on > population.as_of THEN FALSE
            ELSE TRUE
        END
),
-- Placements on any record of a TRN, at schools in GIAS.
placement AS (
    SELECT trainee.trn, school.urn, school.region
    FROM trainee
    CROSS JOIN UNNEST(trainee.placement_urns) AS given (urn)
    INNER JOIN school_place AS school ON school.urn = given.urn
),
-- Which URN a URN of GIAS counts as on every day: a school and the school that it has become are the same.
gias_lineage AS (
    SELECT lineage.urn, lineage.valid_from, lineage.valid_to, lineage.counted_urn
    FROM lineage
    INNER JOIN (SELECT urn FROM schools WHERE snapshot = :schools_snapshot) AS gias ON gias.urn = lineage.urn
),
-- Whether any school or region applied to is one of the placements.
applied AS (
    SELECT
        applying.period,
        applying.as_of,
        applying.region,
        applying.phase,
        applying.trn,
        MAX(CASE WHEN placement.urn IS NULL THEN 0 ELSE 1 END) AS placed,
        MAX(CASE WHEN applied_to.counted_urn = placed_at.counted_urn THEN 1 ELSE 0 END) AS at_school,
        MAX(
            CASE WHEN placement.region = applying.region AND placement.region <> 'not_available' THEN 1 ELSE 0 END
        ) AS in_region
    FROM applying
    CROSS JOIN UNNEST(applying.urns) AS vacancy_school (urn)
    LEFT JOIN placement ON placement.trn = applying.trn
    LEFT JOIN lineage AS placed_at
        ON placed_at.urn = placement.urn AND applying.as_of BETWEEN placed_at.valid_from AND placed_at.valid_to
    LEFT JOIN gias_lineage AS applied_to
        ON applied_to.urn = vacancy_school.urn AND applying.as_of BETWEEN applied_to.valid_from AND applied_to.valid_to
    GROUP BY applying.period, applying.as_of, applying.region, applying.phase, applying.trn
),
-- Distinct trainees: one row a trainee and day, and one a trainee, day and region or phase applied to, since a trainee
-- can apply to several.
applicant AS (
    SELECT
        period,
        as_of,
        region AS region_applied_to,
        phase AS phase_applied_to,
        CASE WHEN GROUPING(region, phase) = 3 THEN 1 ELSE 0 END AS trainees,
        1 AS trainees_there,
        CASE WHEN GROUPING(region, phase) = 3 THEN MAX(placed) END AS placed,
        CASE WHEN GROUPING(region, phase) = 3 THEN MAX(at_school) END AS at_school,
        CASE WHEN GROUPING(region, phase) = 3 THEN MAX(in_region) END AS in_region
    FROM applied
    GROUP BY GROUPING SETS (
        (period, as_of, trn),
        (period, as_of, trn, region),
        (period, as_of, trn, phase)
    )
),
-- Records left out at the newest point: TRNs that cannot be used, by reason, and records that would need a missing
-- date. An offer turned down on a day that is not given may have stood only if it was changed since, and one that was
-- changed has that day. One that had ended by the day needs no other.
left_out AS (
    SELECT population.period, population.as_of, given.reason, COUNT(*) AS number
    FROM population
    INNER JOIN application ON application.vacancy_id = population.vacancy_id
    LEFT JOIN lists AS listed ON listed.list = 'trn_problem' AND listed.code = application.trn_problem
    CROSS JOIN UNNEST(ARRAY[
        CASE
            WHEN application.trn_problem IS NOT NULL THEN CONCAT('applicant_trn_', COALESCE(listed.code, 'unusable'))
        END,
        CASE
            WHEN application.offered_on > population.as_of OR application.updated_on <= population.as_of THEN NULL
            WHEN application.ended_on <= population.as_of THEN NULL
            ELSE application.offer_problem
        END,
        application.submission_problem
    ]) AS given (reason)
    WHERE population.is_current AND given.reason IS NOT NULL
    GROUP BY population.period, population.as_of, given.reason
    UNION ALL
    SELECT points.period, points.as_of, unusable.reason, COUNT(*)
    FROM points
    CROSS JOIN (
        SELECT
            CASE
                WHEN register.trn_problem IS NOT NULL THEN CONCAT('trainee_trn_', COALESCE(listed.code, 'unusable'))
                ELSE register.date_problem
            END AS reason
        FROM register
        LEFT JOIN lists AS listed ON listed.list = 'trn_problem' AND listed.code = register.trn_problem
        WHERE register.trn_problem IS NOT NULL OR register.date_problem IS NOT NULL
    ) AS unusable
    WHERE points.is_current
    GROUP BY points.period, points.as_of, unusable.reason
),
-- Offers have been recorded since 3 September 2025, so what rests on them begins with academic year 2025.
rules AS (
    SELECT
        MAX(CASE WHEN code = 'first_year_with_offers' THEN CAST(value AS bigint) END) AS first_year_with_offers,
        MAX(CASE WHEN code = 'least_coverage_per_cent' THEN CAST(value AS bigint) END) AS least_coverage
    FROM lists
    WHERE list = 'vacancy_rule'
),
-- What holds of a day: whether there are offers, the least coverage, facts of the period, on any day, and adverts that
-- only lack a day of publication.
day AS (
    SELECT
        points.period,
        points.as_of,
        CASE WHEN points.period < rules.first_year_with_offers THEN 0 ELSE 1 END AS has_offers,
        rules.least_coverage,
        COUNT(vacancy.vacancy_id) AS facts,
        SUM(
            CASE
                WHEN vacancy.publish_on IS NOT NULL OR vacancy.discarded_on <= points.as_of THEN 0
                WHEN vacancy.expires_on <= points.as_of OR vacancy.answered_on <= points.as_of THEN 1
                ELSE 0
            END
        ) AS unpublished
    FROM points
    CROSS JOIN rules
    LEFT JOIN vacancy ON vacancy.expires_on BETWEEN points.period_start AND points.period_end
    GROUP BY points.period, points.as_of, rules.first_year_with_offers, rules.least_coverage
)
-- "Coverage" and rates are of sums of these.
SELECT
    period,
    as_of,
    region,
    phase,
    1 AS population,
    takes_applications,
    CASE WHEN place = 1 THEN 1 ELSE 0 END AS conflict,
    CASE WHEN place = 2 THEN 1 ELSE 0 END AS ect_probable,
    CASE WHEN place = 3 THEN 1 ELSE 0 END AS ect_possible,
    CASE WHEN place = 4 THEN 1 ELSE 0 END AS not_ect,
    CASE WHEN place = 5 THEN 1 ELSE 0 END AS filled_person_unknown,
    CASE WHEN place = 6 THEN 1 ELSE 0 END AS not_filled,
    CASE WHEN place = 7 THEN 1 ELSE 0 END AS outcome_unknown,
    CASE WHEN place IN (2, 3, 5) THEN 1 ELSE 0 END AS ect_at_most,
    CASE WHEN place IN (2, 3, 4) THEN 1 ELSE 0 END AS person_known,
    CASE WHEN place IN (2, 3, 4, 5) THEN 1 ELSE 0 END AS filled,
    CASE WHEN place < 7 THEN 1 ELSE 0 END AS with_outcome,
    offers,
    with_trn,
    matched,
    imputed,
    answer_undated
FROM classed
