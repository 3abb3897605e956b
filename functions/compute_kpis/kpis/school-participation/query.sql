-- Schools taking part in initial teacher training (KPI definitions, section 3).
-- Each part is used once or twice, because Athena works a part out again for every use.
WITH
-- The days to work out.
points AS (
    SELECT period, period_start, as_of, is_current
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'school-participation'
),
years AS (
    SELECT DISTINCT period, period_start
    FROM points
),
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
-- "Schools": in England, by region code, type and type group, a region outside the nine is "Not available".
gor_rule AS (
    SELECT
        code,
        MAX(CASE WHEN list = 'region_of_gor' THEN value END) AS region,
        MAX(CASE WHEN list = 'not_in_england_gor' THEN 1 ELSE 0 END) AS is_abroad
    FROM lists
    WHERE list IN ('region_of_gor', 'not_in_england_gor')
    GROUP BY code
),
phase_rule AS (
    SELECT code, value AS phase
    FROM lists
    WHERE list = 'phase_of_gias'
),
type_rule AS (
    SELECT code, 1 AS is_abroad
    FROM lists
    WHERE list = 'not_in_england_type'
),
group_rule AS (
    SELECT
        code,
        MAX(CASE WHEN list = 'type_group_of_gias' THEN value END) AS type_group,
        MAX(CASE WHEN list = 'not_in_england_type_group' THEN 1 ELSE 0 END) AS is_abroad,
        MAX(CASE WHEN list = 'd2_type_group' THEN 1 ELSE 0 END) AS is_school
    FROM lists
    WHERE list IN ('type_group_of_gias', 'not_in_england_type_group', 'd2_type_group')
    GROUP BY code
),
school AS (
    SELECT
        gias.urn,
        COALESCE(gor_rule.region, 'not_available') AS region,
        COALESCE(phase_rule.phase, 'not_available') AS phase,
        COALESCE(group_rule.type_group, 'not_available') AS type_group,
        1 - GREATEST(
            COALESCE(gor_rule.is_abroad, 0), COALESCE(type_rule.is_abroad, 0), COALESCE(group_rule.is_abroad, 0)
        ) AS in_england,
        group_rule.is_school
    FROM (
        SELECT
            urn,
            gor,
            CAST(phase_of_education AS varchar) AS phase_code,
            CAST(type_of_establishment AS varchar) AS type_code,
            CAST(establishment_type_group AS varchar) AS group_code
        FROM schools
        WHERE snapshot = :schools_snapshot
    ) AS gias
    LEFT JOIN gor_rule ON gor_rule.code = gias.gor
    LEFT JOIN phase_rule ON phase_rule.code = gias.phase_code
    LEFT JOIN type_rule ON type_rule.code = gias.type_code
    LEFT JOIN group_rule ON group_rule.code = gias.group_code
),
-- "Successors": which URN a URN counts as, and whether it is open, on every day.
lineage AS (
    SELECT urn, valid_from, valid_to, is_open, counted_urn
    FROM school_lineage
    WHERE snapshot = :school_lineage_snapshot
),
-- Open at any time in the year up to a day: the one spell in which a URN was open begins on or before the day, and
-- does not end before the year.
open_in_year AS (
    SELECT years.period, lineage.urn, lineage.valid_from
    FROM years
    INNER JOIN lineage ON lineage.is_open AND lineage.valid_to >= years.period_start
),
allocation AS (
    SELECT
        academic_year,
        school_urn,
        created_on,
        deleted_on,
        CASE WHEN mentor_id IS NOT NULL AND placement_id IS NOT NULL THEN 1 ELSE 0 END AS is_complete,
        CASE WHEN mentor_id IS NOT NULL AND placement_id IS NOT NULL THEN created_on END AS decides_on,
        -- A TRN that cannot be used (null here) names no trainee.
        CASE WHEN trainee_id IS NOT NULL OR trn IS NOT NULL THEN 1 ELSE 0 END AS has_trainee,
        CASE WHEN provider_code IS NOT NULL THEN 1 ELSE 0 END AS has_provider
    FROM mentor_allocations
    WHERE snapshot = :mentor_allocations_snapshot
),
-- "A trainee of the year" is judged once a year, by D and with deleted allocations, and used for all its points. Where
-- no allocation carries a trainee id or TRN, "a provider is given" stands in. A row without mentor or placement is no
-- allocation and decides nothing. A year without allocations has nothing to stand in for.
rule_of_year AS (
    SELECT
        years.period,
        COUNT(allocation.academic_year) AS facts,
        COUNT(CASE WHEN allocation.decides_on <= run.last_day THEN allocation.decides_on END) AS judged,
        CASE
            WHEN MAX(CASE WHEN allocation.decides_on <= run.last_day THEN allocation.has_trainee END) = 0 THEN 1
            ELSE 0
        END AS proxy_used
    FROM years
    CROSS JOIN (SELECT as_of AS last_day FROM points WHERE is_current) AS run
    LEFT JOIN allocation ON allocation.academic_year = years.period
    GROUP BY years.period
),
-- Live at the day: created on or before it, not deleted on or before it.
live_allocation AS (
    SELECT
        points.period,
        points.as_of,
        allocation.school_urn,
        1 - allocation.is_complete AS is_incomplete,
        allocation.is_complete * CASE
            WHEN rule_of_year.proxy_used = 1 THEN allocation.has_provider
            ELSE allocation.has_trainee
        END AS with_trainee,
        allocation.is_complete * CASE
            WHEN rule_of_year.proxy_used = 1 THEN 1 - allocation.has_provider
            ELSE 1 - allocation.has_trainee
        END AS without_trainee
    FROM points
    INNER JOIN rule_of_year ON rule_of_year.period = points.period
    INNER JOIN allocation
        ON allocation.academic_year = points.period
        AND allocation.created_on <= points.as_of
        AND (allocation.deleted_on IS NULL OR allocation.deleted_on > points.as_of)
),
-- Cross-check: placements in Register of non-draft trainees who started in the Register year (by the calendar, from
-- 1 August) of the same number. Register gives no day for a placement, so that only the newest point can be worked out.
register_placement AS (
    SELECT
        points.period,
        points.as_of,
        placed.school_urn,
        CASE WHEN trainee.started_on IS NULL THEN 1 ELSE 0 END AS is_undated
    FROM (
        SELECT COALESCE(trainee_start_date, itt_start_date) AS started_on, state, placement_urns
        FROM trainees
        WHERE snapshot = :trainees_snapshot
    ) AS trainee
    LEFT JOIN lists AS standing ON standing.list = 'trainee_state_class' AND standing.code = trainee.state
    INNER JOIN lists AS calendar ON calendar.list = 'academic_year_opens' AND calendar.code = 'register_year'
    CROSS JOIN UNNEST(trainee.placement_urns) AS placed (school_urn)
    INNER JOIN points
        ON points.is_current
        AND (
            trainee.started_on IS NULL
            OR (
                trainee.started_on <= points.as_of
                AND trainee.started_on >= CAST(CONCAT(CAST(points.period AS varchar), '-', calendar.value) AS date)
                AND trainee.started_on < CAST(CONCAT(CAST(points.period + 1 AS varchar), '-', calendar.value) AS date)
            )
        )
    WHERE standing.value IS NULL OR standing.value <> 'draft'
),
named AS (
    SELECT
        period,
        as_of,
        school_urn,
        is_incomplete,
        with_trainee,
        without_trainee,
        0 AS in_register,
        0 AS in_register_undated
    FROM live_allocation
    UNION ALL
    SELECT
        period,
        as_of,
        school_urn,
        0 AS is_incomplete,
        0 AS with_trainee,
        0 AS without_trainee,
        1 - is_undated AS in_register,
        is_undated AS in_register_undated
    FROM register_placement
),
-- Every school that is open on the day, and every school named, under the URN that it counts as on the day.
mention AS (
    SELECT
        points.period,
        points.as_of,
        lineage.urn,
        1 AS is_open,
        0 AS is_incomplete,
        0 AS with_trainee,
        0 AS without_trainee,
        0 AS in_register,
        0 AS in_register_undated
    FROM points
    INNER JOIN lineage ON lineage.is_open AND points.as_of BETWEEN lineage.valid_from AND lineage.valid_to
    UNION ALL
    SELECT
        named.period,
        named.as_of,
        COALESCE(lineage.counted_urn, named.school_urn) AS urn,
        0 AS is_open,
        named.is_incomplete,
        named.with_trainee,
        named.without_trainee,
        named.in_register,
        named.in_register_undated
    FROM named
    LEFT JOIN lineage
        ON lineage.urn = named.school_urn AND named.as_of BETWEEN lineage.valid_from AND lineage.valid_to
),
-- One row a school and day.
school_on_day AS (
    SELECT
        period,
        as_of,
        urn,
        MAX(is_open) AS is_open,
        SUM(is_incomplete) AS is_incomplete,
        SUM(with_trainee) AS with_trainee,
        SUM(without_trainee) AS without_trainee,
        SUM(in_register) AS in_register,
        SUM(in_register_undated) AS in_register_undated
    FROM mention
    GROUP BY period, as_of, urn
),
-- The first reason, if any, that keeps a school out. A URN that is not in the register, or of a type group that is
-- new, is in no denominator (null).
judged AS (
    SELECT
        school_on_day.period,
        school_on_day.as_of,
        school.region,
        school.phase,
        school.type_group,
        CASE
            WHEN sentinel.code IS NOT NULL THEN 'sentinel'
            WHEN school.urn IS NULL THEN 'unknown_urn'
            WHEN school.in_england = 0 THEN 'not_in_england'
            WHEN open_in_year.valid_from IS NULL OR open_in_year.valid_from > school_on_day.as_of THEN 'not_open_in_year'
        END AS reason,
        school_on_day.is_open * school.in_england * school.is_school AS in_d2,
        CASE WHEN school_on_day.with_trainee > 0 THEN 1 ELSE 0 END AS has_mentor,
        CASE WHEN school_on_day.in_register > 0 THEN 1 ELSE 0 END AS has_placement,
        school_on_day.is_incomplete,
        school_on_day.with_trainee,
        school_on_day.without_trainee,
        school_on_day.in_register,
        school_on_day.in_register_undated
    FROM school_on_day
    LEFT JOIN school ON school.urn = school_on_day.urn
    LEFT JOIN lists AS sentinel ON sentinel.list = 'sentinel_urn' AND sentinel.code = school_on_day.urn
    LEFT JOIN open_in_year
        ON open_in_year.period = school_on_day.period AND open_in_year.urn = school_on_day.urn
),
-- Added up in two steps, since the second makes five of every row. The percentage has the denominator of section 6
-- (D2): in England, open on the day, of one of five type groups.
part AS (
    SELECT
        period,
        as_of,
        region,
        phase,
        type_group,
        reason,
        SUM(CASE WHEN reason IS NULL THEN has_mentor ELSE 0 END) AS schools,
        SUM(in_d2) AS d2,
        SUM(CASE WHEN reason IS NULL THEN in_d2 * has_mentor ELSE 0 END) AS schools_d2,
        SUM(CASE WHEN reason IS NULL THEN has_placement ELSE 0 END) AS register_schools,
        SUM(CASE WHEN reason IS NULL THEN has_placement * has_mentor ELSE 0 END) AS overlap,
        SUM(is_incomplete) AS incomplete_allocations,
        SUM(CASE WHEN reason IS NULL THEN without_trainee ELSE 0 END) AS allocations_without_trainee,
        SUM(CASE WHEN reason IS NOT NULL THEN with_trainee + without_trainee ELSE 0 END) AS allocations_elsewhere,
        SUM(in_register) AS in_register,
        SUM(in_register_undated) AS register_undated
    FROM judged
    GROUP BY period, as_of, region, phase, type_group, reason
),
tally AS (
    SELECT
        period,
        as_of,
        CASE GROUPING(region, phase, type_group, reason)
            WHEN 15 THEN 'national'
            WHEN 7 THEN 'region'
            WHEN 11 THEN 'phase'
            WHEN 13 THEN 'type_group'
            WHEN 14 THEN 'reason'
        END AS breakdown,
        CASE GROUPING(region, phase, type_group, reason)
            WHEN 7 THEN region
            WHEN 11 THEN phase
            WHEN 13 THEN type_group
            WHEN 14 THEN reason
        END AS category,
        SUM(schools) AS schools,
        SUM(d2) AS d2,
        SUM(schools_d2) AS schools_d2,
        SUM(register_schools) AS register_schools,
        SUM(overlap) AS overlap,
        SUM(incomplete_allocations) AS incomplete_allocations,
        SUM(allocations_without_trainee) AS allocations_without_trainee,
        SUM(allocations_elsewhere) AS allocations_elsewhere,
        SUM(in_register) AS in_register,
        SUM(register_undated) AS register_undated
    FROM part
    GROUP BY GROUPING SETS (
        (period, as_of),
        (period, as_of, region),
        (period, as_of, phase),
        (period, as_of, type_group),
        (period, as_of, reason)
    )
),
-- What to return, from which rows of the tally. The cross-check is for the newest point alone.
cells (counts, breakdown, newest_only) AS (
    VALUES
        ('headline', 'national', 0),
        ('headline', 'region', 0),
        ('headline', 'phase', 0),
        ('headline', 'type_group', 0),
        ('percentage_of_schools', 'national', 0),
        ('percentage_of_schools', 'region', 0),
        ('percentage_of_schools', 'phase', 0),
        ('percentage_of_schools', 'type_group', 0),
        ('allocations_not_counted', 'national', 0),
        ('allocations_not_counted', 'reason', 0),
        ('incomplete_allocations', 'national', 0),
        ('allocations_without_trainee', 'national', 0),
        ('proxy_used', 'national', 0),
        ('register_placement_schools', 'national', 1),
        ('register_overlap', 'national', 1),
        ('records_not_counted', 'reason', 1),
        ('register_undated', 'national', 1),
        ('facts_in_source', 'national', 0),
        ('refused_headline', 'national', 1),
        ('refused_percentage_of_schools', 'national', 1),
        ('refused_allocations_not_counted', 'national', 1)
),
-- Those that are returned under another name.
names (counts, measure, breakdown, category) AS (
    VALUES
        ('incomplete_allocations', 'allocations_not_counted', 'reason', 'no_mentor_or_placement'),
        ('allocations_without_trainee', 'allocations_not_counted', 'reason', 'no_trainee'),
        ('register_undated', 'records_not_counted', 'reason', 'trainee_without_start_date'),
        ('refused_headline', 'comparison_refused', 'national', 'headline'),
        ('refused_percentage_of_schools', 'comparison_refused', 'national', 'percentage_of_schools'),
        ('refused_allocations_not_counted', 'comparison_refused', 'national', 'allocations_not_counted')
),
-- A comparison between a year with the stand-in and a year without is refused. A year without allocations has neither.
rule_of_years AS (
    SELECT
        period,
        facts,
        proxy_used,
        CASE WHEN judged > 0 THEN proxy_used END AS rule_used,
        LAG(CASE WHEN judged > 0 THEN proxy_used END) OVER (ORDER BY period) AS rule_used_before
    FROM rule_of_year
),
results AS (
    SELECT
        COALESCE(names.measure, cells.counts) AS measure,
        points.period,
        points.as_of,
        COALESCE(names.breakdown, cells.breakdown) AS breakdown,
        COALESCE(names.category, tally.category, 'Total') AS category,
        CASE cells.counts
            WHEN 'headline' THEN COALESCE(tally.schools, 0)
            WHEN 'percentage_of_schools' THEN COALESCE(tally.schools_d2, 0)
            WHEN 'allocations_not_counted' THEN COALESCE(
                CASE
                    WHEN cells.breakdown = 'reason' THEN tally.allocations_elsewhere
                    ELSE tally.allocations_elsewhere
                        + tally.incomplete_allocations
                        + tally.allocations_without_trainee
                END,
                0
            )
            WHEN 'incomplete_allocations' THEN tally.incomplete_allocations
            WHEN 'allocations_without_trainee' THEN tally.allocations_without_trainee
            WHEN 'proxy_used' THEN rule_of_years.proxy_used
            WHEN 'register_placement_schools' THEN COALESCE(tally.register_schools, 0)
            WHEN 'register_overlap' THEN COALESCE(tally.overlap, 0)
            WHEN 'records_not_counted' THEN tally.in_register
            WHEN 'register_undated' THEN tally.register_undated
            WHEN 'facts_in_source' THEN rule_of_years.facts
            ELSE CASE WHEN rule_of_years.rule_used <> rule_of_years.rule_used_before THEN 1 ELSE 0 END
        END AS numerator,
        CASE WHEN cells.counts = 'percentage_of_schools' THEN COALESCE(tally.d2, 0) END AS denominator
    FROM points
    INNER JOIN rule_of_years ON rule_of_years.period = points.period
    INNER JOIN cells ON cells.newest_only = 0 OR points.is_current
    LEFT JOIN names ON names.counts = cells.counts
    LEFT JOIN tally
        ON tally.period = points.period AND tally.as_of = points.as_of AND tally.breakdown = cells.breakdown
    WHERE cells.breakdown = 'national' OR tally.category IS NOT NULL
)
SELECT
    CAST(measure AS varchar) AS measure,
    CAST(period AS bigint) AS period,
    CAST(as_of AS date) AS as_of,
    CAST(breakdown AS varchar) AS breakdown,
    CAST(category AS varchar) AS category,
    CAST(numerator AS bigint) AS numerator,
    CAST(denominator AS bigint) AS denominator,
    CAST('ok' AS varchar) AS status
FROM results
WHERE
    breakdown = 'national'
    OR denominator > 0
    OR numerator > 0
