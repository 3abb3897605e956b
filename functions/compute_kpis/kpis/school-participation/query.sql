-- Schools taking part in initial teacher training (KPI definitions, section 3): one row a school and day, and one a day.
-- uses: points lists lineage open_school school_place school named_school
WITH
years AS (
    SELECT DISTINCT period, period_start, MAX(CASE WHEN is_current THEN as_of END) OVER () AS last_day
    FROM points
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
        COUNT(CASE WHEN allocation.decides_on <= years.last_day THEN allocation.decides_on END) AS judged,
        CASE
            WHEN MAX(CASE WHEN allocation.decides_on <= years.last_day THEN allocation.has_trainee END) = 0 THEN 1
            ELSE 0
        END AS proxy_used
    FROM years
    LEFT JOIN allocation ON allocation.academic_year = years.period
    GROUP BY years.period
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
-- Live at the day: created on or before it, not deleted on or before it. Cross-check: placements in Register of
-- non-draft trainees who started in the Register year (by the calendar, from 1 August) of the same number. Register
-- gives no day for a placement, so that only the newest point can be worked out.
named AS (
    SELECT
        points.period,
        points.as_of,
        allocation.school_urn,
        1 - allocation.is_complete AS is_incomplete,
        allocation.is_complete
            * CASE WHEN rule.proxy_used = 1 THEN allocation.has_provider ELSE allocation.has_trainee END AS with_trainee,
        allocation.is_complete
            * CASE WHEN rule.proxy_used = 1 THEN 1 - allocation.has_provider ELSE 1 - allocation.has_trainee END
            AS without_trainee,
        0 AS in_register,
        0 AS register_undated
    FROM points
    INNER JOIN rule_of_years AS rule ON rule.period = points.period
    INNER JOIN allocation
        ON allocation.academic_year = points.period
        AND allocation.created_on <= points.as_of
        AND (allocation.deleted_on IS NULL OR allocation.deleted_on > points.as_of)
    UNION ALL
    SELECT
        points.period,
        points.as_of,
        placed.school_urn,
        0,
        0,
        0,
        CASE WHEN trainee.started_on IS NULL THEN 0 ELSE 1 END,
        CASE WHEN trainee.started_on IS NULL THEN 1 ELSE 0 END
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
-- Every school named, under the URN that it counts as on the day.
used AS (
    SELECT
        named.period,
        named.as_of,
        COALESCE(lineage.counted_urn, named.school_urn) AS urn,
        SUM(named.is_incomplete) AS is_incomplete,
        SUM(named.with_trainee) AS with_trainee,
        SUM(named.without_trainee) AS without_trainee,
        SUM(named.in_register) AS in_register,
        SUM(named.register_undated) AS register_undated
    FROM named
    LEFT JOIN lineage
        ON lineage.urn = named.school_urn AND named.as_of BETWEEN lineage.valid_from AND lineage.valid_to
    GROUP BY named.period, named.as_of, COALESCE(lineage.counted_urn, named.school_urn)
),
-- Every school that is open on the day, and every school named, with the first reason, if any, that keeps it out. A URN
-- that is not in the register, or of a type group that is new, is in no denominator.
school_on_day AS (
    SELECT
        COALESCE(open_school.period, used.period) AS period,
        COALESCE(open_school.as_of, used.as_of) AS as_of,
        school.region,
        school.phase,
        school.type_group,
        CASE
            WHEN school.urn IS NULL THEN 'unknown_urn'
            WHEN school.outside IS NOT NULL THEN school.outside
            WHEN open_in_year.valid_from IS NULL OR open_in_year.valid_from > COALESCE(open_school.as_of, used.as_of)
                THEN 'not_open_in_year'
        END AS reason,
        CASE WHEN open_school.urn IS NULL THEN 0 ELSE school.in_england * school.is_school END AS in_d2,
        CASE WHEN used.with_trainee > 0 THEN 1 ELSE 0 END AS has_mentor,
        CASE WHEN used.in_register > 0 THEN 1 ELSE 0 END AS has_placement,
        used.is_incomplete,
        used.with_trainee,
        used.without_trainee,
        used.in_register,
        used.register_undated
    FROM open_school
    FULL JOIN used ON used.period = open_school.period AND used.as_of = open_school.as_of AND used.urn = open_school.urn
    LEFT JOIN named_school AS school ON school.urn = COALESCE(open_school.urn, used.urn)
    LEFT JOIN open_in_year
        ON open_in_year.period = COALESCE(open_school.period, used.period)
        AND open_in_year.urn = COALESCE(open_school.urn, used.urn)
),
-- What holds of a year and not of a school, at each of its days.
day AS (
    SELECT
        points.period,
        points.as_of,
        rule.facts,
        rule.proxy_used,
        CASE WHEN rule.rule_used <> rule.rule_used_before THEN 1 ELSE 0 END AS rule_changed
    FROM points
    INNER JOIN rule_of_years AS rule ON rule.period = points.period
)
-- The percentage has the denominator of section 6 (D2): in England, open on the day, of one of five type groups.
SELECT
    period,
    as_of,
    region,
    phase,
    type_group,
    reason,
    CASE WHEN reason IS NULL THEN has_mentor ELSE 0 END AS schools,
    in_d2 AS d2,
    CASE WHEN reason IS NULL THEN in_d2 * has_mentor ELSE 0 END AS schools_d2,
    CASE WHEN reason IS NULL THEN has_placement ELSE 0 END AS register_schools,
    CASE WHEN reason IS NULL THEN has_placement * has_mentor ELSE 0 END AS overlap,
    is_incomplete AS incomplete,
    CASE WHEN reason IS NULL THEN without_trainee ELSE 0 END AS without_trainee,
    CASE WHEN reason IS NULL THEN 0 ELSE with_trainee + without_trainee END AS elsewhere,
    is_incomplete + without_trainee + CASE WHEN reason IS NULL THEN 0 ELSE with_trainee END AS not_counted,
    in_register,
    register_undated
FROM school_on_day
