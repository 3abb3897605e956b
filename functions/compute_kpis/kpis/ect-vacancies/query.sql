-- Teaching vacancies filled by early career teachers, and where trainees apply (KPI definitions, section 4).
WITH
-- The days to work out.
points AS (
    SELECT period, period_start, period_end, as_of, is_current
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'ect-vacancies'
),
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
-- "Schools": region and phase by GIAS, a region outside the nine is "Not available".
school AS (
    SELECT
        gias.urn,
        gias.phase_code,
        COALESCE(region.value, 'not_available') AS region
    FROM (
        SELECT urn, gor, CAST(phase_of_education AS varchar) AS phase_code
        FROM schools
        WHERE snapshot = :schools_snapshot
    ) AS gias
    LEFT JOIN lists AS region ON region.list = 'region_of_gor' AND region.code = gias.gor
),
-- Vacancies for teachers: one role that counts is enough, and two count once. One discarded after it expired stays.
advert AS (
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
vacancy_place AS (
    SELECT
        vacancy_id,
        CASE WHEN MIN(region) = MAX(region) THEN MIN(region) ELSE 'not_available' END AS region,
        CASE WHEN MIN(phase) = MAX(phase) THEN MIN(phase) ELSE 'not_available' END AS phase
    FROM (
        SELECT advert.vacancy_id, school.region, COALESCE(phase.value, 'not_available') AS phase
        FROM advert
        CROSS JOIN UNNEST(advert.urns) AS given (urn)
        INNER JOIN school ON school.urn = given.urn
        LEFT JOIN lists AS phase ON phase.list = 'phase_of_gias' AND phase.code = school.phase_code
    ) AS place
    GROUP BY vacancy_id
),
-- "Population" on each day: published, and closed by then, that is expired or answered about. An answer later than the
-- day is undone. One without a date closes nothing and is used at the newest point only.
closed AS (
    SELECT
        points.period,
        points.as_of,
        points.is_current,
        advert.vacancy_id,
        advert.urns,
        advert.start_on,
        advert.takes_applications,
        COALESCE(vacancy_place.region, 'not_available') AS region,
        COALESCE(vacancy_place.phase, 'not_available') AS phase,
        CASE
            WHEN advert.answered_on <= points.as_of OR (advert.answered_on IS NULL AND points.is_current)
                THEN outcome.value
        END AS answer,
        CASE WHEN advert.answered_on <= points.as_of THEN advert.answered_on END AS answered_on,
        CASE WHEN advert.hired_status IS NOT NULL AND advert.answered_on IS NULL THEN 1 ELSE 0 END AS answer_undated
    FROM points
    INNER JOIN advert
        ON advert.expires_on BETWEEN points.period_start AND points.period_end
        AND advert.publish_on <= points.as_of
        AND (advert.expires_on <= points.as_of OR advert.answered_on <= points.as_of)
        AND (advert.discarded_on IS NULL OR advert.discarded_on > points.as_of)
    LEFT JOIN lists AS outcome ON outcome.list = 'hired_status_outcome' AND outcome.code = advert.hired_status
    LEFT JOIN vacancy_place ON vacancy_place.vacancy_id = advert.vacancy_id
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
-- The population with the standing offers to it, a vacancy without any has one row. "ECT window" by the vacancy's
-- start: an award at most 24 months before it, or none yet and an expected end at most 6 months after it, in the window
-- if any record of the TRN is.
offer AS (
    SELECT
        closed.period,
        closed.as_of,
        closed.vacancy_id,
        closed.region,
        closed.phase,
        closed.takes_applications,
        closed.answer,
        closed.answered_on,
        closed.answer_undated,
        year(closed.start_on) AS start_year,
        application.application_id,
        application.qualified_teacher_status,
        application.qualified_teacher_status_year,
        application.induction_complete,
        application.offered_on,
        application.is_imputed,
        CASE WHEN application.application_id IS NULL THEN 0 ELSE 1 END AS stands,
        CASE WHEN application.trn IS NULL THEN 0 ELSE 1 END AS has_trn,
        MAX(CASE WHEN trainee.trn IS NULL THEN 0 ELSE 1 END) AS is_matched,
        MAX(
            CASE
                WHEN trainee.trn IS NULL THEN 0
                WHEN trainee.awarded_on <= closed.as_of
                    THEN CASE
                        WHEN trainee.awarded_on >= CAST(date_add('month', -24, closed.start_on) AS date) THEN 1
                        ELSE 0
                    END
                WHEN trainee.left_on <= closed.as_of THEN 0
                WHEN trainee.paused_on <= closed.as_of AND trainee.returned_on > closed.as_of THEN 0
                WHEN trainee.itt_end_date > CAST(date_add('month', 6, closed.start_on) AS date) THEN 0
                ELSE 1
            END
        ) AS in_window
    FROM closed
    LEFT JOIN application
        ON application.vacancy_id = closed.vacancy_id
        AND application.offered_on <= closed.as_of
        AND application.ended_on > closed.as_of
    LEFT JOIN trainee ON trainee.trn = application.trn
    GROUP BY
        closed.period,
        closed.as_of,
        closed.vacancy_id,
        closed.region,
        closed.phase,
        closed.takes_applications,
        closed.answer,
        closed.answered_on,
        closed.answer_undated,
        closed.start_on,
        application.application_id,
        application.qualified_teacher_status,
        application.qualified_teacher_status_year,
        application.induction_complete,
        application.offered_on,
        application.is_imputed,
        application.trn
),
-- "Class of a vacancy": what each standing offer makes of it, or where there is none (and nothing is known of an
-- applicant) the school's answer.
judged AS (
    SELECT
        period,
        as_of,
        vacancy_id,
        region,
        phase,
        takes_applications,
        answer_undated,
        stands,
        has_trn,
        is_matched,
        is_imputed,
        CASE
            WHEN in_window = 1
                AND answer IN ('not_filled', 'filled_elsewhere')
                AND answered_on >= offered_on
                THEN 1
            WHEN in_window = 1 THEN 2
            WHEN is_matched = 1 THEN 4
            WHEN qualification.value = 'on_track' THEN 3
            WHEN induction_complete = 1 THEN 4
            WHEN qualified_teacher_status_year >= start_year - 2 THEN 3
            WHEN qualified_teacher_status_year IS NOT NULL THEN 4
            WHEN stands = 1 OR answer IN ('filled_here', 'filled_elsewhere') THEN 5
            WHEN answer = 'not_filled' THEN 6
            ELSE 7
        END AS place
    FROM offer
    LEFT JOIN lists AS qualification
        ON qualification.list = 'qualified_teacher_status_class' AND qualification.code = offer.qualified_teacher_status
),
-- One row for each vacancy of the population on each day: the first class that holds for any of its applications.
classed AS (
    SELECT
        period,
        as_of,
        region,
        phase,
        takes_applications,
        answer_undated,
        MIN(place) AS place,
        SUM(stands) AS offers,
        SUM(has_trn) AS with_trn,
        SUM(is_matched) AS matched,
        SUM(is_imputed) AS imputed
    FROM judged
    GROUP BY period, as_of, vacancy_id, region, phase, takes_applications, answer_undated
),
vacancy_figure AS (
    SELECT
        period,
        as_of,
        CASE GROUPING(region, phase) WHEN 3 THEN 'national' WHEN 1 THEN 'region' ELSE 'phase' END AS level,
        CASE GROUPING(region, phase) WHEN 3 THEN 'Total' WHEN 1 THEN region ELSE phase END AS part,
        COUNT(*) AS population,
        SUM(takes_applications) AS taking_applications,
        SUM(answer_undated) AS undated_answer,
        SUM(CASE WHEN place = 1 THEN 1 ELSE 0 END) AS conflict,
        SUM(CASE WHEN place = 2 THEN 1 ELSE 0 END) AS ect_probable,
        SUM(CASE WHEN place = 3 THEN 1 ELSE 0 END) AS ect_possible,
        SUM(CASE WHEN place = 4 THEN 1 ELSE 0 END) AS not_ect,
        SUM(CASE WHEN place = 5 THEN 1 ELSE 0 END) AS filled_person_unknown,
        SUM(CASE WHEN place = 6 THEN 1 ELSE 0 END) AS not_filled,
        SUM(CASE WHEN place = 7 THEN 1 ELSE 0 END) AS outcome_unknown,
        SUM(offers) AS offers,
        SUM(with_trn) AS with_trn,
        SUM(matched) AS matched,
        SUM(imputed) AS imputed
    FROM classed
    GROUP BY GROUPING SETS ((period, as_of), (period, as_of, region), (period, as_of, phase))
),
-- "Where trainees apply": in training, or awarded in the 24 months up to the day, with an application submitted by the
-- day to a vacancy of the population. Several records with one TRN are one trainee, who is in if any of them is.
applying AS (
    SELECT
        closed.period,
        closed.as_of,
        closed.urns,
        closed.region,
        closed.phase,
        trainee.trn
    FROM closed
    INNER JOIN application
        ON application.vacancy_id = closed.vacancy_id AND application.submitted_on <= closed.as_of
    INNER JOIN trainee ON trainee.trn = application.trn
    WHERE
        CASE
            WHEN trainee.awarded_on <= closed.as_of
                THEN trainee.awarded_on >= CAST(date_add('month', -24, closed.as_of) AS date)
            WHEN trainee.left_on <= closed.as_of THEN FALSE
            WHEN trainee.paused_on <= closed.as_of AND trainee.returned_on > closed.as_of THEN FALSE
            ELSE TRUE
        END
),
-- Placements on any record of a TRN, at schools in GIAS.
placement AS (
    SELECT trainee.trn, school.urn, school.region
    FROM trainee
    CROSS JOIN UNNEST(trainee.placement_urns) AS given (urn)
    INNER JOIN school ON school.urn = given.urn
),
-- Which URN a URN of GIAS counts as on every day: a school and the school that it has become are the same.
lineage AS (
    SELECT span.urn, span.valid_from, span.valid_to, span.counted_urn
    FROM (
        SELECT urn, valid_from, valid_to, counted_urn
        FROM school_lineage
        WHERE snapshot = :school_lineage_snapshot
    ) AS span
    INNER JOIN (SELECT urn FROM schools WHERE snapshot = :schools_snapshot) AS gias ON gias.urn = span.urn
),
-- Distinct trainees, in all and by where they apply.
applicant AS (
    SELECT
        applying.period,
        applying.as_of,
        CASE GROUPING(applying.region, applying.phase)
            WHEN 3 THEN 'national'
            WHEN 1 THEN 'region'
            ELSE 'phase'
        END AS level,
        CASE GROUPING(applying.region, applying.phase)
            WHEN 3 THEN 'Total'
            WHEN 1 THEN applying.region
            ELSE applying.phase
        END AS part,
        applying.trn,
        MAX(CASE WHEN placement.urn IS NULL THEN 0 ELSE 1 END) AS is_placed,
        MAX(CASE WHEN applied_to.counted_urn = placed_at.counted_urn THEN 1 ELSE 0 END) AS at_school,
        MAX(
            CASE WHEN placement.region = applying.region AND placement.region <> 'not_available' THEN 1 ELSE 0 END
        ) AS in_region
    FROM applying
    CROSS JOIN UNNEST(applying.urns) AS vacancy_school (urn)
    LEFT JOIN placement ON placement.trn = applying.trn
    LEFT JOIN lineage AS placed_at
        ON placed_at.urn = placement.urn AND applying.as_of BETWEEN placed_at.valid_from AND placed_at.valid_to
    LEFT JOIN lineage AS applied_to
        ON applied_to.urn = vacancy_school.urn AND applying.as_of BETWEEN applied_to.valid_from AND applied_to.valid_to
    GROUP BY GROUPING SETS (
        (applying.period, applying.as_of, applying.trn),
        (applying.period, applying.as_of, applying.trn, applying.region),
        (applying.period, applying.as_of, applying.trn, applying.phase)
    )
),
trainee_figure AS (
    SELECT
        period,
        as_of,
        level,
        part,
        COUNT(*) AS trainees,
        SUM(is_placed) AS placed,
        SUM(at_school) AS at_school,
        SUM(in_region) AS in_region
    FROM applicant
    GROUP BY period, as_of, level, part
),
-- Facts of the period, on any day, and adverts that only lack a day of publication.
source_figure AS (
    SELECT
        points.period,
        points.as_of,
        COUNT(advert.vacancy_id) AS facts,
        SUM(
            CASE
                WHEN advert.publish_on IS NOT NULL OR advert.discarded_on <= points.as_of THEN 0
                WHEN advert.expires_on <= points.as_of OR advert.answered_on <= points.as_of THEN 1
                ELSE 0
            END
        ) AS unpublished
    FROM points
    LEFT JOIN advert ON advert.expires_on BETWEEN points.period_start AND points.period_end
    GROUP BY points.period, points.as_of
),
-- Records left out at the newest point: TRNs that cannot be used, by reason, and records that would need a missing
-- date. An offer turned down on a day that is not given may have stood only if it was changed since, and one that was
-- changed has that day. One that had ended by the day needs no other.
left_out AS (
    SELECT closed.period, closed.as_of, given.reason, COUNT(*) AS number
    FROM closed
    INNER JOIN application ON application.vacancy_id = closed.vacancy_id
    LEFT JOIN lists AS listed ON listed.list = 'trn_problem' AND listed.code = application.trn_problem
    CROSS JOIN UNNEST(ARRAY[
        CASE
            WHEN application.trn_problem IS NOT NULL THEN CONCAT('applicant_trn_', COALESCE(listed.code, 'unusable'))
        END,
        CASE
            WHEN application.offered_on > closed.as_of OR application.updated_on <= closed.as_of THEN NULL
            WHEN application.ended_on <= closed.as_of THEN NULL
            ELSE application.offer_problem
        END,
        application.submission_problem
    ]) AS given (reason)
    WHERE closed.is_current AND given.reason IS NOT NULL
    GROUP BY closed.period, closed.as_of, given.reason
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
-- Every day with its figures. "Coverage": too little of the first or third rate, or no offer, and the headline is
-- withheld at every level.
figure AS (
    SELECT
        source_figure.period,
        source_figure.as_of,
        source_figure.facts,
        source_figure.unpublished,
        COALESCE(vacancy_figure.level, 'national') AS level,
        COALESCE(vacancy_figure.part, 'Total') AS part,
        vacancy_figure.population,
        vacancy_figure.taking_applications,
        vacancy_figure.undated_answer,
        vacancy_figure.conflict,
        vacancy_figure.ect_probable,
        vacancy_figure.ect_possible,
        vacancy_figure.not_ect,
        vacancy_figure.filled_person_unknown,
        vacancy_figure.not_filled,
        vacancy_figure.outcome_unknown,
        vacancy_figure.offers,
        vacancy_figure.with_trn,
        vacancy_figure.matched,
        vacancy_figure.imputed,
        trainee_figure.trainees,
        trainee_figure.placed,
        trainee_figure.at_school,
        trainee_figure.in_region,
        CASE
            WHEN source_figure.period < rules.first_year_with_offers THEN 'not_available'
            ELSE 'ok'
        END AS offer_status,
        MAX(
            CASE
                WHEN vacancy_figure.level = 'national'
                    AND vacancy_figure.offers > 0
                    AND vacancy_figure.taking_applications * 100 >= rules.least_coverage * vacancy_figure.population
                    AND vacancy_figure.with_trn * 100 >= rules.least_coverage * vacancy_figure.offers
                    THEN 1
                ELSE 0
            END
        ) OVER (PARTITION BY source_figure.period, source_figure.as_of) AS is_covered
    FROM source_figure
    CROSS JOIN rules
    LEFT JOIN vacancy_figure
        ON vacancy_figure.period = source_figure.period AND vacancy_figure.as_of = source_figure.as_of
    LEFT JOIN trainee_figure
        ON trainee_figure.period = vacancy_figure.period
        AND trainee_figure.as_of = vacancy_figure.as_of
        AND trainee_figure.level = vacancy_figure.level
        AND trainee_figure.part = vacancy_figure.part
),
-- Each measure with what it counts, out of what, and whether it rests on offers.
measures (measure, level, breakdown, category, what, out_of, rests_on) AS (
    VALUES
        ('headline', 'national', 'national', NULL, 'ect_probable', 'person_known', 'coverage'),
        ('headline', 'region', 'region', NULL, 'ect_probable', 'person_known', 'coverage'),
        ('headline', 'phase', 'phase', NULL, 'ect_probable', 'person_known', 'coverage'),
        ('lower_bound', 'national', 'national', NULL, 'ect_probable', 'filled', 'offers'),
        ('lower_bound', 'region', 'region', NULL, 'ect_probable', 'filled', 'offers'),
        ('lower_bound', 'phase', 'phase', NULL, 'ect_probable', 'filled', 'offers'),
        ('upper_bound', 'national', 'national', NULL, 'ect_at_most', 'filled', 'offers'),
        ('upper_bound', 'region', 'region', NULL, 'ect_at_most', 'filled', 'offers'),
        ('upper_bound', 'phase', 'phase', NULL, 'ect_at_most', 'filled', 'offers'),
        ('all_filled', 'national', 'national', NULL, 'filled', NULL, 'offers'),
        ('all_filled', 'region', 'region', NULL, 'filled', NULL, 'offers'),
        ('all_filled', 'phase', 'phase', NULL, 'filled', NULL, 'offers'),
        -- Classes that only an offer can make have nothing to rest on before there were offers.
        ('vacancies_by_class', 'national', 'class', 'conflict', 'conflict', NULL, 'offers'),
        ('vacancies_by_class', 'national', 'class', 'ect_probable', 'ect_probable', NULL, 'offers'),
        ('vacancies_by_class', 'national', 'class', 'ect_possible', 'ect_possible', NULL, 'offers'),
        ('vacancies_by_class', 'national', 'class', 'not_ect', 'not_ect', NULL, 'offers'),
        ('vacancies_by_class', 'national', 'class', 'filled_person_unknown', 'filled_person_unknown', NULL, NULL),
        ('vacancies_by_class', 'national', 'class', 'not_filled', 'not_filled', NULL, NULL),
        ('vacancies_by_class', 'national', 'class', 'unknown', 'outcome_unknown', NULL, NULL),
        ('coverage_taking_applications', 'national', 'national', NULL, 'taking_applications', 'population', NULL),
        ('coverage_any_outcome', 'national', 'national', NULL, 'with_outcome', 'population', NULL),
        ('coverage_usable_trn', 'national', 'national', NULL, 'with_trn', 'offers', 'offers'),
        ('coverage_matched', 'national', 'national', NULL, 'matched', 'with_trn', 'offers'),
        ('trainees_applying', 'national', 'national', NULL, 'trainees', NULL, NULL),
        ('trainees_applying', 'region', 'region_applied_to', NULL, 'trainees', NULL, NULL),
        ('trainees_applying', 'phase', 'phase_applied_to', NULL, 'trainees', NULL, NULL),
        ('applying_to_placement_school', 'national', 'national', NULL, 'at_school', 'placed', NULL),
        ('applying_in_placement_region', 'national', 'national', NULL, 'in_region', 'placed', NULL),
        ('records_not_counted', 'national', 'reason', 'vacancy_without_publication_date', 'unpublished', NULL, NULL),
        ('records_with_assumption', 'national', 'assumption', 'offer_dated_by_update', 'imputed', NULL, NULL),
        ('records_with_assumption', 'national', 'assumption', 'answer_without_date', 'undated_answer', NULL, NULL),
        ('facts_in_source', 'national', 'national', NULL, 'facts', NULL, NULL)
),
results AS (
    SELECT
        measures.measure,
        figure.period,
        figure.as_of,
        measures.breakdown,
        COALESCE(measures.category, figure.part) AS category,
        COALESCE(
            CASE measures.what
                WHEN 'facts' THEN figure.facts
                WHEN 'conflict' THEN figure.conflict
                WHEN 'ect_probable' THEN figure.ect_probable
                WHEN 'ect_possible' THEN figure.ect_possible
                WHEN 'not_ect' THEN figure.not_ect
                WHEN 'filled_person_unknown' THEN figure.filled_person_unknown
                WHEN 'not_filled' THEN figure.not_filled
                WHEN 'outcome_unknown' THEN figure.outcome_unknown
                WHEN 'ect_at_most' THEN figure.ect_probable + figure.ect_possible + figure.filled_person_unknown
                WHEN 'filled'
                    THEN figure.ect_probable + figure.ect_possible + figure.not_ect + figure.filled_person_unknown
                WHEN 'with_outcome' THEN figure.population - figure.outcome_unknown
                WHEN 'taking_applications' THEN figure.taking_applications
                WHEN 'with_trn' THEN figure.with_trn
                WHEN 'matched' THEN figure.matched
                WHEN 'trainees' THEN figure.trainees
                WHEN 'at_school' THEN figure.at_school
                WHEN 'in_region' THEN figure.in_region
                WHEN 'unpublished' THEN figure.unpublished
                WHEN 'imputed' THEN figure.imputed
                WHEN 'undated_answer' THEN figure.undated_answer
            END,
            0
        ) AS numerator,
        CASE measures.out_of
            WHEN 'person_known' THEN figure.ect_probable + figure.ect_possible + figure.not_ect
            WHEN 'filled'
                THEN COALESCE(
                    figure.ect_probable + figure.ect_possible + figure.not_ect + figure.filled_person_unknown, 0
                )
            WHEN 'population' THEN COALESCE(figure.population, 0)
            WHEN 'offers' THEN COALESCE(figure.offers, 0)
            WHEN 'with_trn' THEN COALESCE(figure.with_trn, 0)
            WHEN 'placed' THEN COALESCE(figure.placed, 0)
        END AS denominator,
        CASE
            WHEN measures.rests_on IS NULL THEN 'ok'
            WHEN figure.offer_status <> 'ok' THEN figure.offer_status
            WHEN measures.rests_on = 'coverage' AND figure.is_covered = 0 THEN 'insufficient_coverage'
            ELSE 'ok'
        END AS status
    FROM figure
    INNER JOIN measures ON measures.level = figure.level
    INNER JOIN points ON points.period = figure.period AND points.as_of = figure.as_of
    WHERE points.is_current OR measures.measure NOT IN ('records_not_counted', 'records_with_assumption')
    UNION ALL
    SELECT 'records_not_counted', period, as_of, 'reason', reason, number, NULL, 'ok'
    FROM left_out
)
SELECT
    CAST(measure AS varchar) AS measure,
    CAST(period AS bigint) AS period,
    CAST(as_of AS date) AS as_of,
    CAST(breakdown AS varchar) AS breakdown,
    CAST(category AS varchar) AS category,
    CAST(numerator AS bigint) AS numerator,
    CAST(denominator AS bigint) AS denominator,
    CAST(status AS varchar) AS status
FROM results
