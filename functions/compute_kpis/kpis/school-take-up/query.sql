-- Take-up by schools (KPI definitions, section 6): one row a school and day.
-- uses: points lists lineage open_school school_place school named_school
WITH
years AS (
    SELECT DISTINCT period, period_start, period_end
    FROM points
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
-- Each thing that is using the service, with the year that it is for and its day: a sign-in (any day of the list, only
-- where that is absent the last sign-in), a hosting preference for this or the next year, whatever the answer, since
-- answering is using, and a placement of this year.
act AS (
    SELECT 'sign_in' AS kind, activity.school_urn, years.period, days.sign_in_on AS acted_on
    FROM activity
    CROSS JOIN UNNEST(COALESCE(activity.sign_in_dates, ARRAY[activity.last_signed_in_on])) AS days (sign_in_on)
    INNER JOIN years ON days.sign_in_on BETWEEN years.period_start AND years.period_end
    UNION ALL
    SELECT 'preference', preference.school_urn, used.period, preference.created_on
    FROM (
        SELECT school_urn, academic_year, created_on
        FROM hosting_preferences
        WHERE snapshot = :hosting_preferences_snapshot
    ) AS preference
    CROSS JOIN UNNEST(ARRAY[preference.academic_year, preference.academic_year - 1]) AS used (period)
    UNION ALL
    SELECT 'placement', school_urn, academic_year, created_on
    FROM school_placements
    WHERE snapshot = :school_placements_snapshot
),
acts AS (
    SELECT
        act.school_urn,
        act.period,
        MIN(CASE WHEN act.kind = 'sign_in' THEN act.acted_on END) AS signed_in_on,
        MIN(CASE WHEN act.kind = 'preference' THEN act.acted_on END) AS preferred_on,
        MIN(CASE WHEN act.kind = 'placement' THEN act.acted_on END) AS placed_on,
        SUM(CASE WHEN act.kind = 'preference' AND act.acted_on IS NULL THEN 1 ELSE 0 END) AS undated_preferences,
        SUM(CASE WHEN act.kind = 'placement' AND act.acted_on IS NULL THEN 1 ELSE 0 END) AS undated_placements,
        SUM(CASE WHEN act.acted_on <= years.period_end THEN 1 ELSE 0 END) AS facts
    FROM act
    INNER JOIN years ON years.period = act.period
    GROUP BY act.school_urn, act.period
),
-- What the record of each school, not deleted on or before the day, says on the day. "Facts after the day do not
-- exist" - what would need a date that is missing, or was overwritten by a later one, is undated.
record AS (
    SELECT
        points.period,
        points.as_of,
        activity.school_urn,
        activity.without_list,
        CASE WHEN acts.signed_in_on <= points.as_of THEN 1 ELSE 0 END AS by_sign_in,
        CASE WHEN acts.preferred_on <= points.as_of THEN 1 ELSE 0 END AS by_preference,
        CASE WHEN acts.placed_on <= points.as_of THEN 1 ELSE 0 END AS by_placement,
        CASE WHEN activity.onboarded AND activity.onboarded_on <= points.as_of THEN 1 ELSE 0 END AS is_onboarded,
        CASE
            WHEN activity.without_list = 1 AND activity.last_signed_in_on > points.as_of THEN 1
            ELSE 0
        END AS undated_sign_ins,
        CASE WHEN activity.onboarded AND activity.onboarded_on IS NULL THEN 1 ELSE 0 END AS undated_onboardings,
        acts.undated_preferences,
        acts.undated_placements,
        acts.facts
    FROM points
    INNER JOIN activity ON activity.deleted_on IS NULL OR activity.deleted_on > points.as_of
    LEFT JOIN acts ON acts.school_urn = activity.school_urn AND acts.period = points.period
),
-- Every record under the URN that it counts as on the day. Successors are mapped before counting, and a URN without
-- lineage stays as it is.
used AS (
    SELECT
        record.period,
        record.as_of,
        COALESCE(lineage.counted_urn, record.school_urn) AS urn,
        MAX(record.without_list) AS without_list,
        MAX(record.by_sign_in) AS by_sign_in,
        MAX(record.by_preference) AS by_preference,
        MAX(record.by_placement) AS by_placement,
        MAX(record.is_onboarded) AS is_onboarded,
        SUM(GREATEST(record.by_sign_in, record.by_preference, record.by_placement)) AS active_records,
        SUM(record.undated_sign_ins) AS undated_sign_ins,
        SUM(record.undated_onboardings) AS undated_onboardings,
        SUM(record.undated_preferences) AS undated_preferences,
        SUM(record.undated_placements) AS undated_placements,
        SUM(record.facts) AS facts
    FROM record
    LEFT JOIN lineage
        ON lineage.urn = record.school_urn AND record.as_of BETWEEN lineage.valid_from AND lineage.valid_to
    GROUP BY record.period, record.as_of, COALESCE(lineage.counted_urn, record.school_urn)
),
-- Every school that is open on the day, and every one with a record. D1 is in England and open on the day; a URN that
-- is not in the register is in no denominator. Active URNs outside D2 have the first reason that holds.
school_on_day AS (
    SELECT
        COALESCE(open_school.period, used.period) AS period,
        COALESCE(open_school.as_of, used.as_of) AS as_of,
        school.region,
        school.phase,
        school.type_group,
        CASE
            WHEN used.urn IS NULL OR used.active_records = 0 THEN NULL
            WHEN school.urn IS NULL THEN 'unknown_urn'
            WHEN school.outside IS NOT NULL THEN school.outside
            WHEN open_school.urn IS NULL THEN 'not_open'
            WHEN school.is_school = 0 THEN 'type_out_of_scope'
        END AS reason,
        CASE WHEN open_school.urn IS NULL THEN 0 ELSE school.in_england END AS in_d1,
        CASE WHEN open_school.urn IS NULL THEN 0 ELSE school.in_england * school.is_school END AS in_d2,
        CASE
            WHEN open_school.urn IS NULL THEN 0
            ELSE school.in_england * school.is_school * (1 - school.is_independent)
        END AS in_d3,
        CASE WHEN used.active_records > 0 THEN 1 ELSE 0 END AS is_active,
        used.without_list,
        used.by_sign_in,
        used.by_preference,
        used.by_placement,
        used.is_onboarded,
        used.active_records,
        used.undated_sign_ins,
        used.undated_onboardings,
        used.undated_preferences,
        used.undated_placements,
        used.facts
    FROM open_school
    FULL JOIN used ON used.period = open_school.period AND used.as_of = open_school.as_of AND used.urn = open_school.urn
    LEFT JOIN named_school AS school ON school.urn = COALESCE(open_school.urn, used.urn)
)
SELECT
    period,
    as_of,
    region,
    phase,
    type_group,
    reason,
    in_d1 AS d1,
    in_d1 * is_active AS active_d1,
    in_d2 AS d2,
    in_d2 * is_active AS active_d2,
    in_d2 * by_sign_in AS by_sign_in,
    in_d2 * by_preference AS by_preference,
    in_d2 * by_placement AS by_placement,
    in_d2 * is_onboarded * (1 - is_active) AS onboarded_only,
    in_d2 * is_active * without_list AS active_without_list,
    in_d3 AS d3,
    in_d3 * is_active AS active_d3,
    CASE WHEN reason IS NULL THEN 0 ELSE 1 END AS schools_outside,
    active_records,
    undated_sign_ins,
    undated_onboardings,
    undated_preferences,
    undated_placements,
    facts
FROM school_on_day
