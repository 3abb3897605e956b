-- Candidates rejected for want of a placement, a mentor or room on the course (KPI definitions, section 1).
WITH
-- The days to work out.
points AS (
    SELECT period, as_of
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'placement-rejections'
),
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
-- What each status, level of course and format of reasons means is in the lists. A status or a format that is on none
-- decides nothing, a level that is on none is counted.
choice AS (
    SELECT
        apply.candidate_id,
        apply.recruitment_cycle_year AS period,
        standing.value AS standing,
        apply.sent_to_provider_on AS sent_on,
        apply.rejected_on,
        CASE WHEN standing.value = 'rejected' THEN 1 ELSE 0 END AS is_rejected,
        CASE WHEN apply.rejected_by_default THEN 1 ELSE 0 END AS by_default,
        CASE WHEN reason_format.value = 'text' THEN 1 ELSE 0 END AS is_text,
        apply.rejection_reason_ids,
        course_level.value AS course_level,
        apply.provider_region_code AS region_code,
        apply.hide_in_reporting
    FROM (
        SELECT
            candidate_id,
            recruitment_cycle_year,
            status,
            sent_to_provider_on,
            rejected_on,
            rejected_by_default,
            rejection_reasons_type,
            rejection_reason_ids,
            course_level,
            provider_region_code,
            hide_in_reporting
        FROM application_choices
        WHERE snapshot = :application_choices_snapshot
    ) AS apply
    LEFT JOIN lists AS standing ON standing.list = 'choice_status_class' AND standing.code = apply.status
    LEFT JOIN lists AS reason_format
        ON reason_format.list = 'rejection_reason_format' AND reason_format.code = apply.rejection_reasons_type
    LEFT JOIN lists AS course_level
        ON course_level.list = 'course_level_class' AND course_level.code = apply.course_level
),
hidden AS (
    SELECT candidate_id
    FROM choice
    WHERE hide_in_reporting
),
-- "Population": not at a level of course that is left out. A candidate hidden on any row of any cycle is left out of
-- all of them.
-- A choice that lacks its candidate or a day is not counted, but shown, by the first problem that holds.
in_scope AS (
    SELECT
        choice.candidate_id,
        choice.period,
        choice.standing,
        choice.sent_on,
        CASE WHEN choice.candidate_id IS NOT NULL THEN choice.sent_on END AS applied_on,
        choice.rejected_on,
        choice.is_rejected,
        choice.by_default,
        choice.is_text,
        choice.rejection_reason_ids,
        choice.region_code,
        CASE
            WHEN choice.sent_on IS NULL AND choice.standing = 'not_sent' THEN NULL
            WHEN choice.candidate_id IS NULL THEN 'no_candidate'
            WHEN choice.sent_on IS NULL THEN 'sent_without_date'
            WHEN choice.is_rejected = 1 AND choice.rejected_on IS NULL AND choice.by_default = 1
                THEN 'default_rejection_without_date'
            WHEN choice.is_rejected = 1 AND choice.rejected_on IS NULL THEN 'rejection_without_date'
        END AS problem
    FROM choice
    LEFT JOIN hidden ON hidden.candidate_id = choice.candidate_id
    WHERE
        hidden.candidate_id IS NULL
        AND (choice.hide_in_reporting IS NULL OR NOT choice.hide_in_reporting)
        AND (choice.course_level IS NULL OR choice.course_level <> 'left_out')
),
-- "Reason groups": an id is known by its first segment, a bare leaf or an R-code stands for its parent. A group is
-- counted from the cycle on in which it was first collected, if that is known; one with no id at all ("mentor",
-- reserved) is not collected, never 0.
known AS (
    SELECT
        reason.code,
        reason.value AS reason_group,
        COALESCE(CAST(first_cycle.value AS bigint), 0) AS first_cycle
    FROM lists AS reason
    LEFT JOIN lists AS first_cycle
        ON first_cycle.list = 'rejection_reason_first_cycle' AND first_cycle.code = reason.value
    WHERE reason.list = 'rejection_reason_group_of_id'
),
-- There are few different sets of ids, so each is looked up once for each cycle.
id_set AS (
    SELECT DISTINCT period, rejection_reason_ids
    FROM choice
),
reason AS (
    SELECT
        id_set.period,
        id_set.rejection_reason_ids,
        CASE
            WHEN known.code IS NULL THEN 'unmapped'
            WHEN known.first_cycle > id_set.period THEN 'not_collected'
            ELSE known.reason_group
        END AS reason_group
    FROM id_set
    CROSS JOIN UNNEST(id_set.rejection_reason_ids) AS given (reason_id)
    LEFT JOIN known ON known.code = split_part(given.reason_id, '.', 1)
),
reasons AS (
    SELECT
        period,
        rejection_reason_ids,
        MAX(CASE WHEN reason_group = 'placement' THEN 1 ELSE 0 END) AS placement,
        MAX(CASE WHEN reason_group = 'mentor' THEN 1 ELSE 0 END) AS mentor,
        MAX(CASE WHEN reason_group = 'course_full' THEN 1 ELSE 0 END) AS course_full,
        MAX(CASE WHEN reason_group = 'other' THEN 1 ELSE 0 END) AS another,
        MAX(CASE WHEN reason_group = 'unmapped' THEN 1 ELSE 0 END) AS unmapped,
        MAX(CASE WHEN reason_group = 'not_collected' THEN 1 ELSE 0 END) AS not_collected
    FROM reason
    GROUP BY period, rejection_reason_ids
),
-- A choice is in the population from the day it was sent, a rejection counts once the choice was sent and rejected.
judged AS (
    SELECT
        in_scope.period,
        in_scope.candidate_id,
        COALESCE(region.value, 'not_available') AS region,
        in_scope.standing,
        in_scope.applied_on,
        CASE
            WHEN in_scope.is_rejected = 1 AND in_scope.by_default = 1
                THEN GREATEST(in_scope.applied_on, in_scope.rejected_on)
        END AS by_default_on,
        CASE
            WHEN in_scope.is_rejected = 1 AND in_scope.by_default = 0
                THEN GREATEST(in_scope.applied_on, in_scope.rejected_on)
        END AS rejected_on,
        in_scope.is_text,
        COALESCE(reasons.placement, 0) AS placement,
        COALESCE(reasons.mentor, 0) AS mentor,
        COALESCE(reasons.course_full, 0) AS course_full,
        COALESCE(reasons.another, 0) AS another,
        COALESCE(reasons.unmapped, 0) AS unmapped,
        COALESCE(reasons.not_collected, 0) AS not_collected,
        in_scope.problem,
        CASE WHEN in_scope.problem IS NOT NULL THEN COALESCE(in_scope.sent_on, DATE '1800-01-01') END AS problem_on
    FROM in_scope
    LEFT JOIN reasons
        ON reasons.period = in_scope.period
        AND reasons.rejection_reason_ids = in_scope.rejection_reason_ids
        AND in_scope.is_text = 0
    LEFT JOIN lists AS region ON region.list = 'region_of_publish' AND region.code = in_scope.region_code
),
-- Each choice with the days from which it counts for each group. Groups overlap, but "other" stands alone.
dated AS (
    SELECT
        period,
        candidate_id,
        region,
        applied_on,
        CASE WHEN standing = 'place' THEN applied_on END AS place_on,
        by_default_on,
        rejected_on,
        CASE WHEN placement = 1 THEN rejected_on END AS placement_on,
        CASE WHEN mentor = 1 THEN rejected_on END AS mentor_on,
        CASE WHEN course_full = 1 THEN rejected_on END AS course_full_on,
        CASE WHEN another = 1 AND placement + mentor + course_full = 0 THEN rejected_on END AS other_on,
        CASE WHEN unmapped = 1 THEN rejected_on END AS unmapped_on,
        CASE WHEN placement + mentor > 0 THEN rejected_on END AS strict_on,
        CASE WHEN placement + mentor + course_full > 0 THEN rejected_on END AS capacity_on,
        CASE WHEN placement + mentor + course_full + another > 0 THEN rejected_on END AS classifiable_on,
        CASE WHEN is_text = 1 THEN rejected_on END AS text_on,
        CASE
            WHEN is_text = 0 AND placement + mentor + course_full + another + unmapped + not_collected = 0
                THEN rejected_on
        END AS no_reason_on,
        problem,
        problem_on
    FROM judged
),
-- Distinct candidates by the first day on which any of their choices counts, in all and in each region where it holds,
-- and beside them the choices themselves, for "rejections for capacity", for coverage and for what is not counted.
counted AS (
    SELECT
        period,
        CASE
            WHEN GROUPING(candidate_id, region) = 0 THEN 'region'
            WHEN GROUPING(candidate_id) = 0 THEN 'all'
            WHEN GROUPING(region) = 0 THEN 'choices_by_region'
            WHEN problem IS NULL THEN 'choices'
            ELSE 'not_counted'
        END AS level,
        COALESCE(region, problem) AS part,
        CASE WHEN GROUPING(candidate_id) = 1 THEN COUNT(*) ELSE 1 END AS number,
        problem_on,
        rejected_on,
        MIN(applied_on) AS applied_on,
        MIN(by_default_on) AS by_default_on,
        MIN(placement_on) AS placement_on,
        MIN(mentor_on) AS mentor_on,
        MIN(course_full_on) AS course_full_on,
        MIN(other_on) AS other_on,
        MIN(unmapped_on) AS unmapped_on,
        MIN(strict_on) AS strict_on,
        MIN(capacity_on) AS capacity_on,
        GREATEST(MIN(capacity_on), MIN(place_on)) AS placed_on,
        MIN(classifiable_on) AS classifiable_on,
        MIN(text_on) AS text_on,
        MIN(no_reason_on) AS no_reason_on
    FROM dated
    GROUP BY GROUPING SETS (
        (period, candidate_id),
        (period, candidate_id, region),
        (period, region, capacity_on, classifiable_on),
        (period, rejected_on, capacity_on, classifiable_on, problem, problem_on)
    )
),
-- How many count on each day. Who is in the headline is turned away unless a choice leads to a place.
figure AS (
    SELECT
        points.period,
        points.as_of,
        counted.level,
        counted.part,
        SUM(CASE WHEN counted.applied_on IS NULL THEN 0 ELSE 1 END) AS facts,
        SUM(CASE WHEN counted.applied_on <= points.as_of THEN counted.number ELSE 0 END) AS applied,
        SUM(CASE WHEN counted.by_default_on <= points.as_of THEN counted.number ELSE 0 END) AS by_default,
        SUM(CASE WHEN counted.rejected_on <= points.as_of THEN counted.number ELSE 0 END) AS rejected,
        SUM(CASE WHEN counted.placement_on <= points.as_of THEN counted.number ELSE 0 END) AS placement,
        SUM(CASE WHEN counted.mentor_on <= points.as_of THEN counted.number ELSE 0 END) AS mentor,
        SUM(CASE WHEN counted.course_full_on <= points.as_of THEN counted.number ELSE 0 END) AS course_full,
        SUM(CASE WHEN counted.other_on <= points.as_of THEN counted.number ELSE 0 END) AS other,
        SUM(CASE WHEN counted.unmapped_on <= points.as_of THEN counted.number ELSE 0 END) AS unmapped,
        SUM(CASE WHEN counted.strict_on <= points.as_of THEN counted.number ELSE 0 END) AS strict,
        SUM(CASE WHEN counted.capacity_on <= points.as_of THEN counted.number ELSE 0 END) AS capacity,
        SUM(CASE WHEN counted.placed_on <= points.as_of THEN counted.number ELSE 0 END) AS capacity_placed,
        SUM(CASE WHEN counted.classifiable_on <= points.as_of THEN counted.number ELSE 0 END) AS classifiable,
        SUM(CASE WHEN counted.text_on <= points.as_of THEN counted.number ELSE 0 END) AS in_text,
        SUM(CASE WHEN counted.no_reason_on <= points.as_of THEN counted.number ELSE 0 END) AS no_reason,
        SUM(CASE WHEN counted.problem_on <= points.as_of THEN counted.number ELSE 0 END) AS not_counted
    FROM points
    INNER JOIN counted ON counted.period = points.period
    GROUP BY points.period, points.as_of, counted.level, counted.part
),
collected AS (
    SELECT DISTINCT reason_group, first_cycle
    FROM known
),
-- Each measure with what it counts, out of what, and the reason group that must have been collected for it.
measures (measure, breakdown, category, level, what, out_of, needs) AS (
    VALUES
        ('headline', 'national', 'Total', 'all', 'capacity', 'classifiable', 'course_full'),
        ('headline', 'region', NULL, 'region', 'capacity', 'classifiable', 'course_full'),
        ('strict', 'national', 'Total', 'all', 'strict', 'classifiable', 'placement'),
        ('turned_away', 'national', 'Total', 'all', 'turned_away', 'capacity', 'course_full'),
        ('rejections_for_capacity', 'national', 'Total', 'choices', 'capacity', 'classifiable', 'course_full'),
        ('rejections_for_capacity', 'region', NULL, 'choices_by_region', 'capacity', 'classifiable', 'course_full'),
        ('coverage', 'national', 'Total', 'choices', 'classifiable', 'rejected', 'course_full'),
        ('rejected_by_default', 'national', 'Total', 'all', 'by_default', NULL, NULL),
        ('candidates_who_applied', 'national', 'Total', 'all', 'applied', NULL, NULL),
        ('candidates_by_reason_group', 'reason_group', 'placement', 'all', 'placement', 'classifiable', 'placement'),
        ('candidates_by_reason_group', 'reason_group', 'mentor', 'all', 'mentor', 'classifiable', 'mentor'),
        ('candidates_by_reason_group', 'reason_group', 'course_full', 'all', 'full', 'classifiable', 'course_full'),
        ('candidates_by_reason_group', 'reason_group', 'other', 'all', 'other', 'classifiable', 'other'),
        ('candidates_by_reason_group', 'reason_group', 'no_reason', 'all', 'no_reason', NULL, NULL),
        ('candidates_by_reason_group', 'reason_group', 'unclassified_text', 'all', 'in_text', NULL, NULL),
        ('candidates_by_reason_group', 'reason_group', 'unmapped', 'all', 'unmapped', NULL, NULL),
        ('records_not_counted', 'reason', NULL, 'not_counted', 'not_counted', NULL, NULL),
        ('facts_in_source', 'national', 'Total', 'all', 'facts', NULL, NULL)
),
results AS (
    SELECT
        measures.measure,
        points.period,
        points.as_of,
        measures.breakdown,
        COALESCE(measures.category, figure.part) AS category,
        COALESCE(
            CASE measures.what
                WHEN 'facts' THEN figure.facts
                WHEN 'applied' THEN figure.applied
                WHEN 'by_default' THEN figure.by_default
                WHEN 'placement' THEN figure.placement
                WHEN 'mentor' THEN figure.mentor
                WHEN 'full' THEN figure.course_full
                WHEN 'other' THEN figure.other
                WHEN 'unmapped' THEN figure.unmapped
                WHEN 'in_text' THEN figure.in_text
                WHEN 'no_reason' THEN figure.no_reason
                WHEN 'strict' THEN figure.strict
                WHEN 'capacity' THEN figure.capacity
                WHEN 'turned_away' THEN figure.capacity - figure.capacity_placed
                WHEN 'classifiable' THEN figure.classifiable
                WHEN 'not_counted' THEN figure.not_counted
            END,
            0
        ) AS numerator,
        CASE measures.out_of
            WHEN 'classifiable' THEN COALESCE(figure.classifiable, 0)
            WHEN 'capacity' THEN COALESCE(figure.capacity, 0)
            WHEN 'rejected' THEN COALESCE(figure.rejected, 0)
        END AS denominator,
        CASE
            WHEN measures.needs IS NULL THEN 'ok'
            WHEN collected.reason_group IS NULL OR collected.first_cycle > points.period THEN 'not_collected'
            ELSE 'ok'
        END AS status
    FROM points
    CROSS JOIN measures
    LEFT JOIN collected ON collected.reason_group = measures.needs
    LEFT JOIN figure
        ON figure.period = points.period
        AND figure.as_of = points.as_of
        AND figure.level = measures.level
    WHERE measures.category IS NOT NULL OR figure.part IS NOT NULL
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
