-- Values that no list knows, by the column they are in. A figure puts them under "Not available", unmapped or other;
-- here their records are counted, so that somebody looks. Blank is missing, not unknown.
WITH
lists AS (
    SELECT list, code, value
    FROM definitions
    WHERE snapshot = :definitions_snapshot
),
given (place, code, number) AS (
    SELECT 'application_choices.rejection_reason_ids', LOWER(TRIM(split_part(reason.id, '.', 1))), COUNT(*)
    FROM (
        SELECT rejection_reason_ids
        FROM application_choices
        WHERE snapshot = :application_choices_snapshot
    ) AS apply
    CROSS JOIN UNNEST(apply.rejection_reason_ids) AS reason (id)
    GROUP BY LOWER(TRIM(split_part(reason.id, '.', 1)))
    UNION ALL
    SELECT 'application_choices.provider_region_code', LOWER(TRIM(provider_region_code)), COUNT(*)
    FROM application_choices
    WHERE snapshot = :application_choices_snapshot
    GROUP BY LOWER(TRIM(provider_region_code))
    UNION ALL
    SELECT 'trainees.training_route', LOWER(TRIM(training_route)), COUNT(*)
    FROM trainees
    WHERE snapshot = :trainees_snapshot
    GROUP BY LOWER(TRIM(training_route))
    UNION ALL
    SELECT 'trainees.withdrawal_reasons', LOWER(TRIM(reason.id)), COUNT(*)
    FROM (
        SELECT withdrawal_reasons
        FROM trainees
        WHERE snapshot = :trainees_snapshot
    ) AS register
    CROSS JOIN UNNEST(register.withdrawal_reasons) AS reason (id)
    GROUP BY LOWER(TRIM(reason.id))
    UNION ALL
    SELECT 'vacancy_applications.qualified_teacher_status', qualified_teacher_status, COUNT(*)
    FROM vacancy_applications
    WHERE snapshot = :vacancy_applications_snapshot
    GROUP BY qualified_teacher_status
    UNION ALL
    SELECT 'providers.region_code', region_code, COUNT(*)
    FROM providers
    WHERE snapshot = :providers_snapshot
    GROUP BY region_code
    UNION ALL
    SELECT 'providers.provider_type', provider_type, COUNT(*)
    FROM providers
    WHERE snapshot = :providers_snapshot
    GROUP BY provider_type
),
-- Which lists know the values of a column is data too.
known AS (
    SELECT checked.value AS place, lists.code
    FROM lists AS checked
    INNER JOIN lists ON lists.list = checked.code
    WHERE checked.list IN (
        'rejection_reason_known_by',
        'application_region_known_by',
        'training_route_known_by',
        'withdrawal_reason_known_by',
        'qualified_teacher_status_known_by',
        'provider_region_known_by',
        'provider_type_known_by'
    )
),
unknown AS (
    SELECT given.place, SUM(given.number) AS number
    FROM given
    LEFT JOIN known ON known.place = given.place AND known.code = given.code
    WHERE known.code IS NULL AND given.code <> ''
    GROUP BY given.place
),
newest AS (
    SELECT MAX(period) AS period, MAX(as_of) AS as_of
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot
)
SELECT
    CAST('unknown_values' AS varchar) AS measure,
    CAST(newest.period AS bigint) AS period,
    CAST(newest.as_of AS date) AS as_of,
    CAST('column' AS varchar) AS breakdown,
    CAST(unknown.place AS varchar) AS category,
    CAST(unknown.number AS bigint) AS numerator,
    CAST(NULL AS bigint) AS denominator,
    CAST('ok' AS varchar) AS status
FROM unknown
CROSS JOIN newest
