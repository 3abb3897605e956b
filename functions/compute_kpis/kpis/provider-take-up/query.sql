-- Take-up by providers (KPI definitions, section 5): one row a provider and day.
-- uses: points lists
WITH
-- Regional codes of the National Institute of Teaching count as the list's first, 2N2, in providers, courses and
-- activity alike.
fold AS (
    SELECT code, value AS place, FIRST_VALUE(code) OVER (ORDER BY value) AS folded_code
    FROM lists
    WHERE list = 'national_institute_of_teaching'
),
-- A course runs if it is published, or the feed gives no state. Ingest puts codes in upper case, and a blank is null.
running_course AS (
    SELECT
        publish.recruitment_cycle_year AS period,
        COALESCE(provider_fold.folded_code, publish.provider_code) AS provider_code,
        COALESCE(accredited_fold.folded_code, publish.accredited_code) AS accredited_code
    FROM (
        SELECT
            recruitment_cycle_year,
            provider_code,
            accredited_body_code AS accredited_code,
            state
        FROM courses
        WHERE snapshot = :courses_snapshot
    ) AS publish
    LEFT JOIN lists AS running ON running.list = 'running_course_state' AND running.code = publish.state
    LEFT JOIN fold AS provider_fold ON provider_fold.code = publish.provider_code
    LEFT JOIN fold AS accredited_fold ON accredited_fold.code = publish.accredited_code
    WHERE publish.state IS NULL OR running.code IS NOT NULL
),
-- Who runs or accredits a running course, and who runs one that another provider accredits.
course_role AS (
    SELECT
        running_course.period,
        involved.code,
        MAX(
            CASE
                WHEN involved.code = running_course.provider_code
                    AND running_course.accredited_code <> running_course.provider_code THEN 1
                ELSE 0
            END
        ) AS runs_for_another
    FROM running_course
    CROSS JOIN UNNEST(ARRAY[running_course.provider_code, running_course.accredited_code]) AS involved (code)
    WHERE involved.code IS NOT NULL
    GROUP BY running_course.period, involved.code
),
-- The cycle of a year is the one with the year's number. 2N2 has its own attributes, else the first regional code's.
provider AS (
    SELECT
        publish.recruitment_cycle_year AS period,
        COALESCE(fold.folded_code, publish.own_code) AS code,
        publish.provider_type,
        publish.accredited_body AS is_accredited,
        publish.region_code,
        publish.discarded_on,
        ROW_NUMBER() OVER (
            PARTITION BY publish.recruitment_cycle_year, COALESCE(fold.folded_code, publish.own_code)
            ORDER BY fold.place, publish.own_code
        ) AS place
    FROM (
        SELECT
            recruitment_cycle_year,
            code AS own_code,
            provider_type,
            accredited_body,
            region_code,
            discarded_on
        FROM providers
        WHERE snapshot = :providers_snapshot
    ) AS publish
    LEFT JOIN fold ON fold.code = publish.own_code
),
-- Accredited: runs a course or accredits a running one. Delivery partner: not accredited, and runs at least one course
-- that another provider accredits. Not Wales or Scotland, not the codes left out. "no_region" stays, as not available.
-- A discarded provider is in Publish but not in the sector from the day it was discarded.
listed AS (
    SELECT
        points.period,
        points.as_of,
        provider.code,
        COALESCE(region.value, 'not_available') AS region,
        COALESCE(provider_type.code, 'not_available') AS provider_type,
        CASE
            WHEN provider.discarded_on <= points.as_of THEN NULL
            WHEN abroad.code IS NOT NULL OR left_out.code IS NOT NULL THEN NULL
            WHEN provider.is_accredited AND course_role.code IS NOT NULL THEN 'accredited'
            WHEN course_role.runs_for_another = 1 THEN 'delivery_partner'
        END AS role
    FROM points
    INNER JOIN provider ON provider.period = points.period AND provider.place = 1
    LEFT JOIN course_role ON course_role.period = provider.period AND course_role.code = provider.code
    LEFT JOIN lists AS region ON region.list = 'region_of_publish' AND region.code = provider.region_code
    LEFT JOIN lists AS provider_type
        ON provider_type.list = 'provider_types' AND provider_type.code = provider.provider_type
    LEFT JOIN lists AS abroad
        ON abroad.list = 'not_in_england_publish_region' AND abroad.code = provider.region_code
    LEFT JOIN lists AS left_out ON left_out.list = 'provider_code_left_out' AND left_out.code = provider.code
),
-- What each record, not deleted on or before the day, says on the day. A sign-in in the year is any day of the list,
-- and only where that is absent the last sign-in. The last 30 days are after the day less 30, up to the day, also
-- across 1 September.
record AS (
    SELECT
        points.period,
        points.as_of,
        COALESCE(fold.folded_code, activity.own_code) AS code,
        MAX(CASE WHEN activity.sign_in_dates IS NULL THEN 1 ELSE 0 END) AS without_list,
        MAX(
            CASE WHEN activity.sign_in_dates IS NULL AND activity.last_signed_in_on > points.as_of THEN 1 ELSE 0 END
        ) AS undated,
        SUM(
            CASE WHEN days.sign_in_on BETWEEN points.period_start AND points.period_end THEN 1 ELSE 0 END
        ) AS facts,
        MAX(CASE WHEN days.sign_in_on BETWEEN points.period_start AND points.as_of THEN 1 ELSE 0 END) AS is_active,
        MAX(
            CASE
                WHEN days.sign_in_on > CAST(date_add('day', -30, points.as_of) AS date)
                    AND days.sign_in_on <= points.as_of THEN 1
                ELSE 0
            END
        ) AS is_recent
    FROM (
        SELECT provider_code AS own_code, last_signed_in_on, sign_in_dates, deleted_on
        FROM provider_activity
        WHERE snapshot = :provider_activity_snapshot
    ) AS activity
    CROSS JOIN UNNEST(COALESCE(activity.sign_in_dates, ARRAY[activity.last_signed_in_on])) AS days (sign_in_on)
    INNER JOIN points ON activity.deleted_on IS NULL OR activity.deleted_on > points.as_of
    LEFT JOIN fold ON fold.code = activity.own_code
    GROUP BY points.period, points.as_of, activity.own_code, fold.folded_code
),
used AS (
    SELECT
        period,
        as_of,
        code,
        MAX(is_active) AS is_active,
        MAX(is_recent) AS is_recent,
        MAX(without_list) AS without_list,
        SUM(is_active) AS active_records,
        SUM(undated) AS undated,
        SUM(facts) AS facts
    FROM record
    GROUP BY period, as_of, code
),
-- Every provider of the cycle, and every one with a record. Those that are not in the sector have the reason, which
-- says why their sign-ins, if they have any, do not count.
provider_on_day AS (
    SELECT
        COALESCE(listed.period, used.period) AS period,
        COALESCE(listed.as_of, used.as_of) AS as_of,
        listed.role,
        listed.region,
        listed.provider_type,
        CASE
            WHEN listed.role IS NOT NULL THEN NULL
            WHEN listed.code IS NULL THEN 'unknown_provider'
            ELSE 'not_in_sector'
        END AS reason,
        CASE WHEN listed.role IS NULL THEN 0 ELSE 1 END AS in_sector,
        CASE WHEN listed.role = 'accredited' THEN 1 ELSE 0 END AS is_accredited,
        CASE WHEN listed.role = 'delivery_partner' THEN 1 ELSE 0 END AS is_partner,
        used.is_active,
        used.is_recent,
        used.without_list,
        used.active_records,
        used.undated,
        used.facts
    FROM listed
    FULL JOIN used ON used.period = listed.period AND used.as_of = listed.as_of AND used.code = listed.code
)
SELECT
    period,
    as_of,
    role,
    region,
    provider_type,
    reason,
    in_sector AS providers,
    MAX(in_sector) OVER (PARTITION BY period) AS in_cycle,
    in_sector * is_active AS active,
    in_sector * is_recent AS recent,
    in_sector * is_active * without_list AS active_without_list,
    is_accredited AS accredited,
    is_accredited * is_active AS active_accredited,
    is_partner AS partners,
    is_partner * is_active AS active_partners,
    active_records,
    undated,
    facts
FROM provider_on_day
