-- Take-up by schools (KPI definitions, section 6).
-- Each part is used once or twice, because Athena works a part out again for every use.
WITH
-- The days to work out.
points AS (
    SELECT period, period_start, period_end, as_of, is_current
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'school-take-up'
),
years AS (
    SELECT DISTINCT period, period_start, period_end
    FROM points
),
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
-- "Schools": in England, by region code, type and type group, a region outside the nine is "Not available".
-- D2 keeps five type groups, D3 leaves out the independent schools of D2.
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
    SELECT
        code,
        MAX(CASE WHEN list = 'not_in_england_type' THEN 1 ELSE 0 END) AS is_abroad,
        MAX(CASE WHEN list = 'not_in_d3_type' THEN 1 ELSE 0 END) AS is_independent
    FROM lists
    WHERE list IN ('not_in_england_type', 'not_in_d3_type')
    GROUP BY code
),
group_rule AS (
    SELECT
        code,
        MAX(CASE WHEN list = 'type_group_of_gias' THEN value END) AS type_group,
        MAX(CASE WHEN list = 'not_in_england_type_group' THEN 1 ELSE 0 END) AS is_abroad,
        MAX(CASE WHEN list = 'd2_type_group' THEN 1 ELSE 0 END) AS is_school,
        MAX(CASE WHEN list = 'not_in_d3_type_group' THEN 1 ELSE 0 END) AS is_independent
    FROM lists
    WHERE list IN ('type_group_of_gias', 'not_in_england_type_group', 'd2_type_group', 'not_in_d3_type_group')
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
        COALESCE(group_rule.is_school, 0) AS is_school,
        GREATEST(COALESCE(type_rule.is_independent, 0), COALESCE(group_rule.is_independent, 0)) AS is_independent
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
activity AS (
    SELECT
        school_urn,
        onboarded,
        onboarded_on,
        last_signed_in_on,
        sign_in_dates,
        CASE WHEN sign_in_dates IS NULL THEN 1 ELSE 0 END AS without_list,
        deleted_on
    FROM school_activity
    WHERE snapshot = :school_activity_snapshot
),
-- A sign-in in the year: any day of the list, only where that is absent the last sign-in.
first_sign_in AS (
    SELECT activity.school_urn, years.period, MIN(days.sign_in_on) AS first_on, COUNT(*) AS facts
    FROM activity
    CROSS JOIN UNNEST(COALESCE(activity.sign_in_dates, ARRAY[activity.last_signed_in_on])) AS days (sign_in_on)
    INNER JOIN years ON days.sign_in_on BETWEEN years.period_start AND years.period_end
    GROUP BY activity.school_urn, years.period
),
-- A hosting preference for this or the next year, whatever the answer, since answering is using.
first_preference AS (
    SELECT
        preference.school_urn,
        years.period,
        MIN(preference.created_on) AS first_on,
        SUM(CASE WHEN preference.created_on <= years.period_end THEN 1 ELSE 0 END) AS facts,
        SUM(CASE WHEN preference.created_on IS NULL THEN 1 ELSE 0 END) AS undated
    FROM (
        SELECT school_urn, academic_year, created_on
        FROM hosting_preferences
        WHERE snapshot = :hosting_preferences_snapshot
    ) AS preference
    CROSS JOIN UNNEST(ARRAY[preference.academic_year, preference.academic_year - 1]) AS used (period)
    INNER JOIN years ON years.period = used.period
    GROUP BY preference.school_urn, years.period
),
-- A placement of this year.
first_placement AS (
    SELECT
        placement.school_urn,
        years.period,
        MIN(placement.created_on) AS first_on,
        SUM(CASE WHEN placement.created_on <= years.period_end THEN 1 ELSE 0 END) AS facts,
        SUM(CASE WHEN placement.created_on IS NULL THEN 1 ELSE 0 END) AS undated
    FROM (
        SELECT school_urn, academic_year, created_on
        FROM school_placements
        WHERE snapshot = :school_placements_snapshot
    ) AS placement
    INNER JOIN years ON years.period = placement.academic_year
    GROUP BY placement.school_urn, years.period
),
-- What the record of each school, not deleted on or before the day, says on the day. "Facts after the day do not
-- exist" - what would need a date that is missing, or was overwritten by a later one, is undated.
record AS (
    SELECT
        points.period,
        points.as_of,
        activity.school_urn,
        activity.without_list,
        CASE WHEN first_sign_in.first_on <= points.as_of THEN 1 ELSE 0 END AS by_sign_in,
        CASE WHEN first_preference.first_on <= points.as_of THEN 1 ELSE 0 END AS by_preference,
        CASE WHEN first_placement.first_on <= points.as_of THEN 1 ELSE 0 END AS by_placement,
        CASE WHEN activity.onboarded AND activity.onboarded_on <= points.as_of THEN 1 ELSE 0 END AS is_onboarded,
        CASE
            WHEN activity.without_list = 1 AND activity.last_signed_in_on > points.as_of THEN 1
            ELSE 0
        END AS undated_sign_ins,
        CASE WHEN activity.onboarded AND activity.onboarded_on IS NULL THEN 1 ELSE 0 END AS undated_onboardings,
        first_preference.undated AS undated_preferences,
        first_placement.undated AS undated_placements,
        COALESCE(first_sign_in.facts, 0) + COALESCE(first_preference.facts, 0) + COALESCE(first_placement.facts, 0)
            AS facts
    FROM points
    INNER JOIN activity ON activity.deleted_on IS NULL OR activity.deleted_on > points.as_of
    LEFT JOIN first_sign_in
        ON first_sign_in.school_urn = activity.school_urn AND first_sign_in.period = points.period
    LEFT JOIN first_preference
        ON first_preference.school_urn = activity.school_urn AND first_preference.period = points.period
    LEFT JOIN first_placement
        ON first_placement.school_urn = activity.school_urn AND first_placement.period = points.period
),
-- Every school that is open on the day, and every record under the URN that it counts as on the day. Successors are
-- mapped before counting, and a URN without lineage stays as it is.
mention AS (
    SELECT
        points.period,
        points.as_of,
        lineage.urn,
        1 AS is_open,
        0 AS without_list,
        0 AS by_sign_in,
        0 AS by_preference,
        0 AS by_placement,
        0 AS is_onboarded,
        0 AS undated_sign_ins,
        0 AS undated_onboardings,
        0 AS undated_preferences,
        0 AS undated_placements,
        0 AS facts
    FROM points
    INNER JOIN lineage ON lineage.is_open AND points.as_of BETWEEN lineage.valid_from AND lineage.valid_to
    UNION ALL
    SELECT
        record.period,
        record.as_of,
        COALESCE(lineage.counted_urn, record.school_urn) AS urn,
        0 AS is_open,
        record.without_list,
        record.by_sign_in,
        record.by_preference,
        record.by_placement,
        record.is_onboarded,
        record.undated_sign_ins,
        record.undated_onboardings,
        record.undated_preferences,
        record.undated_placements,
        record.facts
    FROM record
    LEFT JOIN lineage
        ON lineage.urn = record.school_urn AND record.as_of BETWEEN lineage.valid_from AND lineage.valid_to
),
-- One row a school and day.
school_on_day AS (
    SELECT
        period,
        as_of,
        urn,
        MAX(is_open) AS is_open,
        MAX(without_list) AS without_list,
        MAX(by_sign_in) AS by_sign_in,
        MAX(by_preference) AS by_preference,
        MAX(by_placement) AS by_placement,
        GREATEST(MAX(by_sign_in), MAX(by_preference), MAX(by_placement)) AS is_active,
        MAX(is_onboarded) AS is_onboarded,
        SUM(GREATEST(by_sign_in, by_preference, by_placement)) AS active_records,
        SUM(undated_sign_ins) AS undated_sign_ins,
        SUM(undated_onboardings) AS undated_onboardings,
        SUM(undated_preferences) AS undated_preferences,
        SUM(undated_placements) AS undated_placements,
        SUM(facts) AS facts
    FROM mention
    GROUP BY period, as_of, urn
),
-- D1 is in England and open on the day; a URN that is not in the register is in no denominator (null). Active URNs
-- outside D2 have the first reason that holds.
judged AS (
    SELECT
        school_on_day.period,
        school_on_day.as_of,
        school.region,
        school.phase,
        school.type_group,
        CASE
            WHEN school_on_day.is_active = 0 THEN NULL
            WHEN sentinel.code IS NOT NULL THEN 'sentinel'
            WHEN school.urn IS NULL THEN 'unknown_urn'
            WHEN school.in_england = 0 THEN 'not_in_england'
            WHEN school_on_day.is_open = 0 THEN 'not_open'
            WHEN school.is_school = 0 THEN 'type_out_of_scope'
        END AS reason,
        school_on_day.is_open * school.in_england AS in_d1,
        school_on_day.is_open * school.in_england * school.is_school AS in_d2,
        school_on_day.is_open * school.in_england * school.is_school * (1 - school.is_independent) AS in_d3,
        school_on_day.without_list,
        school_on_day.by_sign_in,
        school_on_day.by_preference,
        school_on_day.by_placement,
        school_on_day.is_active,
        school_on_day.is_onboarded,
        school_on_day.active_records,
        school_on_day.undated_sign_ins,
        school_on_day.undated_onboardings,
        school_on_day.undated_preferences,
        school_on_day.undated_placements,
        school_on_day.facts
    FROM school_on_day
    LEFT JOIN school ON school.urn = school_on_day.urn
    LEFT JOIN lists AS sentinel ON sentinel.list = 'sentinel_urn' AND sentinel.code = school_on_day.urn
),
-- Added up in two steps, since the second makes five of every row.
part AS (
    SELECT
        period,
        as_of,
        region,
        phase,
        type_group,
        reason,
        SUM(in_d1) AS d1,
        SUM(in_d1 * is_active) AS active_d1,
        SUM(in_d2) AS d2,
        SUM(in_d2 * is_active) AS active_d2,
        SUM(in_d2 * by_sign_in) AS by_sign_in,
        SUM(in_d2 * by_preference) AS by_preference,
        SUM(in_d2 * by_placement) AS by_placement,
        SUM(in_d2 * is_onboarded * (1 - is_active)) AS onboarded_only,
        SUM(in_d2 * is_active * without_list) AS active_without_list,
        SUM(in_d3) AS d3,
        SUM(in_d3 * is_active) AS active_d3,
        COUNT(reason) AS schools_outside,
        SUM(active_records) AS active_records,
        SUM(undated_sign_ins) AS undated_sign_ins,
        SUM(undated_onboardings) AS undated_onboardings,
        SUM(undated_preferences) AS undated_preferences,
        SUM(undated_placements) AS undated_placements,
        SUM(facts) AS facts
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
        SUM(d1) AS d1,
        SUM(active_d1) AS active_d1,
        SUM(d2) AS d2,
        SUM(active_d2) AS active_d2,
        SUM(by_sign_in) AS by_sign_in,
        SUM(by_preference) AS by_preference,
        SUM(by_placement) AS by_placement,
        SUM(onboarded_only) AS onboarded_only,
        SUM(active_without_list) AS active_without_list,
        SUM(d3) AS d3,
        SUM(active_d3) AS active_d3,
        SUM(schools_outside) AS schools_outside,
        SUM(active_records) AS active_records,
        SUM(undated_sign_ins) AS undated_sign_ins,
        SUM(undated_onboardings) AS undated_onboardings,
        SUM(undated_preferences) AS undated_preferences,
        SUM(undated_placements) AS undated_placements,
        SUM(facts) AS facts
    FROM part
    GROUP BY GROUPING SETS (
        (period, as_of),
        (period, as_of, region),
        (period, as_of, phase),
        (period, as_of, type_group),
        (period, as_of, reason)
    )
),
-- What to return, from which rows of the tally. Measures that rest on sign-ins can be refused.
cells (counts, breakdown, rests_on_sign_in) AS (
    VALUES
        ('headline', 'national', 1),
        ('headline', 'region', 1),
        ('headline', 'phase', 1),
        ('headline', 'type_group', 1),
        ('active_by_sign_in', 'national', 1),
        ('active_by_sign_in', 'region', 1),
        ('active_by_hosting_preference', 'national', 0),
        ('active_by_hosting_preference', 'region', 0),
        ('active_by_placement', 'national', 0),
        ('active_by_placement', 'region', 0),
        ('onboarded_only', 'national', 1),
        ('onboarded_only', 'region', 1),
        ('schools_d1', 'national', 1),
        ('schools_d1', 'region', 1),
        ('schools_d3', 'national', 1),
        ('schools_d3', 'region', 1),
        ('active_not_in_denominator', 'national', 0),
        ('active_not_in_denominator', 'reason', 0),
        ('records_not_counted', 'reason', 0),
        ('undated_sign_ins', 'national', 0),
        ('undated_onboardings', 'national', 0),
        ('undated_preferences', 'national', 0),
        ('undated_placements', 'national', 0),
        ('facts_in_source', 'national', 0),
        ('refused_headline', 'national', 0),
        ('refused_active_by_sign_in', 'national', 0),
        ('refused_onboarded_only', 'national', 0),
        ('refused_schools_d1', 'national', 0),
        ('refused_schools_d3', 'national', 0)
),
-- Those that are returned under another name.
names (counts, measure, breakdown, category) AS (
    VALUES
        ('undated_sign_ins', 'records_not_counted', 'reason', 'sign_in_after_day'),
        ('undated_onboardings', 'records_not_counted', 'reason', 'onboarded_without_date'),
        ('undated_preferences', 'records_not_counted', 'reason', 'preference_without_date'),
        ('undated_placements', 'records_not_counted', 'reason', 'placement_without_date'),
        ('refused_headline', 'comparison_refused', 'national', 'headline'),
        ('refused_active_by_sign_in', 'comparison_refused', 'national', 'active_by_sign_in'),
        ('refused_onboarded_only', 'comparison_refused', 'national', 'onboarded_only'),
        ('refused_schools_d1', 'comparison_refused', 'national', 'schools_d1'),
        ('refused_schools_d3', 'comparison_refused', 'national', 'schools_d3')
),
-- Section 5: earlier points and the comparison are refused where more than 5 per cent of the schools active at D lack
-- a list of sign-ins.
counted AS (
    SELECT
        cells.counts,
        cells.breakdown,
        cells.rests_on_sign_in,
        points.period,
        points.as_of,
        points.is_current,
        COALESCE(tally.category, 'Total') AS category,
        CASE cells.counts
            WHEN 'headline' THEN tally.active_d2
            WHEN 'active_by_sign_in' THEN tally.by_sign_in
            WHEN 'active_by_hosting_preference' THEN tally.by_preference
            WHEN 'active_by_placement' THEN tally.by_placement
            WHEN 'onboarded_only' THEN tally.onboarded_only
            WHEN 'schools_d1' THEN tally.active_d1
            WHEN 'schools_d3' THEN tally.active_d3
            WHEN 'active_not_in_denominator' THEN COALESCE(tally.schools_outside, 0)
            WHEN 'records_not_counted' THEN tally.active_records
            WHEN 'undated_sign_ins' THEN tally.undated_sign_ins
            WHEN 'undated_onboardings' THEN tally.undated_onboardings
            WHEN 'undated_preferences' THEN tally.undated_preferences
            WHEN 'undated_placements' THEN tally.undated_placements
            WHEN 'facts_in_source' THEN COALESCE(tally.facts, 0)
        END AS numerator,
        CASE cells.counts
            WHEN 'headline' THEN tally.d2
            WHEN 'active_by_sign_in' THEN tally.d2
            WHEN 'active_by_hosting_preference' THEN tally.d2
            WHEN 'active_by_placement' THEN tally.d2
            WHEN 'onboarded_only' THEN tally.d2
            WHEN 'schools_d1' THEN tally.d1
            WHEN 'schools_d3' THEN tally.d3
        END AS denominator,
        COALESCE(tally.d1, 0) AS open_schools,
        MAX(
            CASE
                WHEN points.is_current
                    AND cells.breakdown = 'national'
                    AND tally.active_without_list * 100 > tally.active_d2 * 5 THEN 1
                ELSE 0
            END
        ) OVER () AS is_refused
    FROM points
    CROSS JOIN cells
    LEFT JOIN tally
        ON tally.period = points.period AND tally.as_of = points.as_of AND tally.breakdown = cells.breakdown
    WHERE cells.breakdown = 'national' OR tally.category IS NOT NULL
),
-- A day without any school open in England has no denominator: not available, never 0.
results AS (
    SELECT
        COALESCE(names.measure, counted.counts) AS measure,
        counted.period,
        counted.as_of,
        COALESCE(names.breakdown, counted.breakdown) AS breakdown,
        COALESCE(names.category, counted.category) AS category,
        CASE
            WHEN names.measure = 'comparison_refused' AND counted.is_current THEN counted.is_refused
            ELSE counted.numerator
        END AS numerator,
        counted.denominator,
        CASE
            WHEN names.measure IS NULL
                AND counted.breakdown = 'national'
                AND counted.open_schools = 0
                AND counted.counts NOT IN ('active_not_in_denominator', 'facts_in_source') THEN 'not_available'
            WHEN counted.is_refused * counted.rests_on_sign_in = 1 AND NOT counted.is_current THEN 'not_available'
            ELSE 'ok'
        END AS status
    FROM counted
    LEFT JOIN names ON names.counts = counted.counts
)
SELECT
    CAST(measure AS varchar) AS measure,
    CAST(period AS bigint) AS period,
    CAST(as_of AS date) AS as_of,
    CAST(breakdown AS varchar) AS breakdown,
    CAST(category AS varchar) AS category,
    CAST(CASE WHEN status = 'ok' THEN numerator END AS bigint) AS numerator,
    CAST(CASE WHEN status = 'ok' THEN denominator END AS bigint) AS denominator,
    CAST(status AS varchar) AS status
FROM results
WHERE
    (breakdown = 'national' AND measure <> 'comparison_refused')
    OR denominator > 0
    OR numerator > 0
