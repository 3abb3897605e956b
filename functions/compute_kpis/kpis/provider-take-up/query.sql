-- Take-up by providers (KPI definitions, section 5). Each part is used once, because Athena works a part out again for
-- every use.
WITH
-- The days to work out.
points AS (
    SELECT period, period_start, period_end, as_of, is_current
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'provider-take-up'
),
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
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
sector AS (
    SELECT
        provider.period,
        provider.code,
        provider.discarded_on,
        COALESCE(region.value, 'not_available') AS region,
        COALESCE(provider_type.code, 'not_available') AS provider_type,
        CASE
            WHEN abroad.code IS NOT NULL OR left_out.code IS NOT NULL THEN NULL
            WHEN provider.is_accredited AND course_role.code IS NOT NULL THEN 'accredited'
            WHEN course_role.runs_for_another = 1 THEN 'delivery_partner'
        END AS role
    FROM provider
    LEFT JOIN course_role ON course_role.period = provider.period AND course_role.code = provider.code
    LEFT JOIN lists AS region ON region.list = 'region_of_publish' AND region.code = provider.region_code
    LEFT JOIN lists AS provider_type
        ON provider_type.list = 'provider_types' AND provider_type.code = provider.provider_type
    LEFT JOIN lists AS abroad
        ON abroad.list = 'not_in_england_publish_region' AND abroad.code = provider.region_code
    LEFT JOIN lists AS left_out ON left_out.list = 'provider_code_left_out' AND left_out.code = provider.code
    WHERE provider.place = 1
),
-- What each record, not deleted on or before the day, says on the day. A sign-in in the year is any day of the list,
-- and only where that is absent the last sign-in. The last 30 days are after the day less 30, up to the day, also
-- across 1 September.
record AS (
    SELECT
        points.period,
        points.as_of,
        activity.own_code,
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
    GROUP BY points.period, points.as_of, activity.own_code
),
-- Every provider of the cycle, and every record, under the code that it counts as. A discarded provider is in Publish
-- but not in the sector from the day it was discarded.
mention AS (
    SELECT
        points.period,
        points.as_of,
        sector.code,
        1 AS in_publish,
        CASE WHEN sector.discarded_on IS NULL OR sector.discarded_on > points.as_of THEN sector.role END AS role,
        sector.region,
        sector.provider_type,
        0 AS without_list,
        0 AS undated,
        0 AS facts,
        0 AS is_active,
        0 AS is_recent
    FROM points
    INNER JOIN sector ON sector.period = points.period
    UNION ALL
    SELECT
        record.period,
        record.as_of,
        COALESCE(fold.folded_code, record.own_code) AS code,
        0 AS in_publish,
        NULL AS role,
        NULL AS region,
        NULL AS provider_type,
        record.without_list,
        record.undated,
        record.facts,
        record.is_active,
        record.is_recent
    FROM record
    LEFT JOIN fold ON fold.code = record.own_code
),
-- One row a provider and day. Those that are not in the sector have the reason, which says why their sign-ins, if they
-- have any, do not count.
provider_on_day AS (
    SELECT
        period,
        as_of,
        MAX(role) AS role,
        MAX(region) AS region,
        MAX(provider_type) AS provider_type,
        CASE
            WHEN MAX(role) IS NOT NULL THEN NULL
            WHEN MAX(in_publish) = 0 THEN 'unknown_provider'
            ELSE 'not_in_sector'
        END AS reason,
        CASE WHEN MAX(role) IS NOT NULL THEN 1 ELSE 0 END AS in_sector,
        CASE WHEN MAX(role) = 'accredited' THEN 1 ELSE 0 END AS is_accredited,
        CASE WHEN MAX(role) = 'delivery_partner' THEN 1 ELSE 0 END AS is_partner,
        MAX(is_active) AS is_active,
        MAX(is_recent) AS is_recent,
        MAX(without_list) AS without_list,
        SUM(is_active) AS active_records,
        SUM(undated) AS undated,
        SUM(facts) AS facts
    FROM mention
    GROUP BY period, as_of, code
),
tally AS (
    SELECT
        period,
        as_of,
        CASE GROUPING(region, role, provider_type, reason)
            WHEN 15 THEN 'national'
            WHEN 7 THEN 'region'
            WHEN 11 THEN 'role'
            WHEN 13 THEN 'provider_type'
            WHEN 14 THEN 'reason'
        END AS breakdown,
        CASE GROUPING(region, role, provider_type, reason)
            WHEN 7 THEN region
            WHEN 11 THEN role
            WHEN 13 THEN provider_type
            WHEN 14 THEN reason
        END AS category,
        SUM(in_sector) AS providers,
        SUM(in_sector * is_active) AS active,
        SUM(in_sector * is_recent) AS recent,
        SUM(in_sector * is_active * without_list) AS active_without_list,
        SUM(is_accredited) AS accredited,
        SUM(is_accredited * is_active) AS active_accredited,
        SUM(is_partner) AS partners,
        SUM(is_partner * is_active) AS active_partners,
        SUM(active_records) AS active_records,
        SUM(undated) AS undated,
        SUM(facts) AS facts
    FROM provider_on_day
    GROUP BY GROUPING SETS (
        (period, as_of),
        (period, as_of, region),
        (period, as_of, role),
        (period, as_of, provider_type),
        (period, as_of, reason)
    )
),
-- What to return, from which rows of the tally.
cells (counts, breakdown) AS (
    VALUES
        ('headline', 'national'),
        ('headline', 'role'),
        ('headline', 'region'),
        ('headline', 'provider_type'),
        ('accredited', 'national'),
        ('accredited', 'region'),
        ('delivery_partners', 'national'),
        ('delivery_partners', 'region'),
        ('active_in_last_30_days', 'national'),
        ('active_in_last_30_days', 'role'),
        ('active_in_last_30_days', 'region'),
        ('active_in_last_30_days', 'provider_type'),
        ('records_not_counted', 'reason'),
        ('undated_sign_ins', 'national'),
        ('facts_in_source', 'national'),
        ('refused_headline', 'national'),
        ('refused_accredited', 'national'),
        ('refused_delivery_partners', 'national'),
        ('refused_active_in_last_30_days', 'national')
),
-- Those that are returned under another name.
names (counts, measure, breakdown, category) AS (
    VALUES
        ('undated_sign_ins', 'records_not_counted', 'reason', 'sign_in_after_day'),
        ('refused_headline', 'comparison_refused', 'national', 'headline'),
        ('refused_accredited', 'comparison_refused', 'national', 'accredited'),
        ('refused_delivery_partners', 'comparison_refused', 'national', 'delivery_partners'),
        ('refused_active_in_last_30_days', 'comparison_refused', 'national', 'active_in_last_30_days')
),
-- Earlier points and the comparison are refused where more than 5 per cent of the providers active at D lack a list.
-- A cycle that Publish does not give has no denominator: not available, never 0.
counted AS (
    SELECT
        cells.counts,
        cells.breakdown,
        points.period,
        points.as_of,
        points.is_current,
        COALESCE(tally.category, 'Total') AS category,
        CASE cells.counts
            WHEN 'headline' THEN tally.active
            WHEN 'accredited' THEN tally.active_accredited
            WHEN 'delivery_partners' THEN tally.active_partners
            WHEN 'active_in_last_30_days' THEN tally.recent
            WHEN 'records_not_counted' THEN tally.active_records
            WHEN 'undated_sign_ins' THEN tally.undated
            WHEN 'facts_in_source' THEN COALESCE(tally.facts, 0)
        END AS numerator,
        CASE cells.counts
            WHEN 'headline' THEN tally.providers
            WHEN 'accredited' THEN tally.accredited
            WHEN 'delivery_partners' THEN tally.partners
            WHEN 'active_in_last_30_days' THEN tally.providers
        END AS denominator,
        MAX(COALESCE(tally.providers, 0)) OVER (PARTITION BY points.period) AS most_providers,
        MAX(
            CASE
                WHEN points.is_current
                    AND cells.breakdown = 'national'
                    AND tally.active_without_list * 100 > tally.active * 5 THEN 1
                ELSE 0
            END
        ) OVER () AS is_refused
    FROM points
    CROSS JOIN cells
    LEFT JOIN tally
        ON tally.period = points.period AND tally.as_of = points.as_of AND tally.breakdown = cells.breakdown
    WHERE cells.breakdown = 'national' OR tally.category IS NOT NULL
),
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
            WHEN names.measure IS NOT NULL OR counted.counts IN ('records_not_counted', 'facts_in_source') THEN 'ok'
            WHEN counted.most_providers = 0 THEN 'not_available'
            WHEN counted.is_refused = 1 AND NOT counted.is_current THEN 'not_available'
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
