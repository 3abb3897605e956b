-- Candidates rejected for want of a placement, a mentor or room on the course (KPI definitions, section 1): one row a candidate
-- and day, one a candidate, region and day, and one for the choices of a region and day that are alike.
-- uses: points lists
WITH
apply AS (
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
),
hidden AS (
    SELECT candidate_id
    FROM application_choices
    WHERE snapshot = :application_choices_snapshot AND hide_in_reporting
),
-- "Population": not at a level of course that is left out. A candidate hidden on any row of any cycle is left out of
-- all of them. What each status, level and format of reasons means is in the lists: a status or a format that is on none
-- decides nothing, a level that is on none is counted.
-- A choice that lacks its candidate or a day is not counted, but shown, by the first problem that holds.
in_scope AS (
    SELECT
        apply.candidate_id,
        apply.recruitment_cycle_year AS period,
        standing.value AS standing,
        apply.sent_to_provider_on AS sent_on,
        CASE WHEN apply.candidate_id IS NOT NULL THEN apply.sent_to_provider_on END AS applied_on,
        CASE WHEN standing.value = 'rejected' THEN apply.rejected_on END AS rejected_on,
        CASE WHEN apply.rejected_by_default THEN 1 ELSE 0 END AS by_default,
        CASE WHEN reason_format.value = 'text' THEN 1 ELSE 0 END AS is_text,
        apply.rejection_reason_ids,
        apply.provider_region_code AS region_code,
        CASE
            WHEN apply.sent_to_provider_on IS NULL AND standing.value = 'not_sent' THEN NULL
            WHEN apply.candidate_id IS NULL THEN 'no_candidate'
            WHEN apply.sent_to_provider_on IS NULL THEN 'sent_without_date'
            WHEN apply.rejected_on IS NOT NULL THEN NULL
            WHEN standing.value = 'rejected' AND apply.rejected_by_default THEN 'default_rejection_without_date'
            WHEN standing.value = 'rejected' THEN 'rejection_without_date'
        END AS problem
    FROM apply
    LEFT JOIN hidden ON hidden.candidate_id = apply.candidate_id
    LEFT JOIN lists AS standing ON standing.list = 'choice_status_class' AND standing.code = apply.status
    LEFT JOIN lists AS reason_format
        ON reason_format.list = 'rejection_reason_format' AND reason_format.code = apply.rejection_reasons_type
    LEFT JOIN lists AS course_level
        ON course_level.list = 'course_level_class' AND course_level.code = apply.course_level
    WHERE
        hidden.candidate_id IS NULL
        AND (apply.hide_in_reporting IS NULL OR NOT apply.hide_in_reporting)
        AND (course_level.value IS NULL OR course_level.value <> 'left_out')
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
    SELECT DISTINCT recruitment_cycle_year AS period, rejection_reason_ids
    FROM apply
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
        CASE WHEN in_scope.by_default = 1 THEN GREATEST(in_scope.applied_on, in_scope.rejected_on) END AS by_default_on,
        CASE WHEN in_scope.by_default = 0 THEN GREATEST(in_scope.applied_on, in_scope.rejected_on) END AS rejected_on,
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
        CASE WHEN rejected_on IS NOT NULL THEN candidate_id END AS rejected_id,
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
-- Candidates by the first day on which any of their choices counts, in all and, who was rejected, in each region where
-- it holds, since one can be in several, and beside them the choices themselves, for "rejections for capacity", for
-- coverage and for what is not counted.
firsts AS (
    SELECT
        period,
        region,
        problem,
        CASE WHEN GROUPING(candidate_id) = 0 THEN 1 ELSE 0 END AS candidates,
        CASE WHEN GROUPING(rejected_id) = 0 THEN 1 ELSE 0 END AS candidates_there,
        CASE WHEN GROUPING(candidate_id, rejected_id) = 3 THEN COUNT(*) ELSE 0 END AS choices,
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
        MIN(place_on) AS place_on,
        MIN(classifiable_on) AS classifiable_on,
        MIN(text_on) AS text_on,
        MIN(no_reason_on) AS no_reason_on
    FROM dated
    GROUP BY GROUPING SETS (
        (period, candidate_id),
        (period, rejected_id, region),
        (period, region, rejected_on, capacity_on, classifiable_on, problem, problem_on)
    )
),
-- Which reason groups were collected in the cycle of a day.
day AS (
    SELECT
        points.period,
        points.as_of,
        MAX(CASE WHEN known.reason_group = 'placement' THEN 1 ELSE 0 END) AS placement,
        MAX(CASE WHEN known.reason_group = 'mentor' THEN 1 ELSE 0 END) AS mentor,
        MAX(CASE WHEN known.reason_group = 'course_full' THEN 1 ELSE 0 END) AS course_full,
        MAX(CASE WHEN known.reason_group = 'other' THEN 1 ELSE 0 END) AS other
    FROM points
    INNER JOIN known ON known.first_cycle <= points.period
    GROUP BY points.period, points.as_of
)
-- Who is in the headline is turned away unless a choice leads to a place.
SELECT
    points.period,
    points.as_of,
    firsts.region,
    firsts.problem AS reason,
    CASE WHEN firsts.applied_on IS NULL THEN 0 ELSE firsts.candidates END AS facts,
    CASE WHEN firsts.applied_on <= points.as_of THEN firsts.candidates ELSE 0 END AS applied,
    CASE WHEN firsts.by_default_on <= points.as_of THEN firsts.candidates ELSE 0 END AS by_default,
    CASE WHEN firsts.placement_on <= points.as_of THEN firsts.candidates ELSE 0 END AS placement,
    CASE WHEN firsts.mentor_on <= points.as_of THEN firsts.candidates ELSE 0 END AS mentor,
    CASE WHEN firsts.course_full_on <= points.as_of THEN firsts.candidates ELSE 0 END AS course_full,
    CASE WHEN firsts.other_on <= points.as_of THEN firsts.candidates ELSE 0 END AS other,
    CASE WHEN firsts.unmapped_on <= points.as_of THEN firsts.candidates ELSE 0 END AS unmapped,
    CASE WHEN firsts.strict_on <= points.as_of THEN firsts.candidates ELSE 0 END AS strict,
    CASE WHEN firsts.capacity_on <= points.as_of THEN firsts.candidates ELSE 0 END AS capacity,
    CASE
        WHEN firsts.place_on <= points.as_of THEN 0
        WHEN firsts.capacity_on <= points.as_of THEN firsts.candidates
        ELSE 0
    END AS turned_away,
    CASE WHEN firsts.classifiable_on <= points.as_of THEN firsts.candidates ELSE 0 END AS classifiable,
    CASE WHEN firsts.text_on <= points.as_of THEN firsts.candidates ELSE 0 END AS in_text,
    CASE WHEN firsts.no_reason_on <= points.as_of THEN firsts.candidates ELSE 0 END AS no_reason,
    CASE WHEN firsts.capacity_on <= points.as_of THEN firsts.candidates_there ELSE 0 END AS capacity_there,
    CASE WHEN firsts.classifiable_on <= points.as_of THEN firsts.candidates_there ELSE 0 END AS classifiable_there,
    CASE WHEN firsts.capacity_on <= points.as_of THEN firsts.choices ELSE 0 END AS capacity_choices,
    CASE WHEN firsts.classifiable_on <= points.as_of THEN firsts.choices ELSE 0 END AS classifiable_choices,
    CASE WHEN firsts.rejected_on <= points.as_of THEN firsts.choices ELSE 0 END AS rejected_choices,
    CASE WHEN firsts.problem_on <= points.as_of THEN firsts.choices ELSE 0 END AS not_counted
FROM points
INNER JOIN firsts ON firsts.period = points.period
