WITH points AS (
    SELECT period, period_start, period_end, as_of
    FROM kpi_points
    WHERE snapshot = :kpi_points_snapshot AND kpi = 'provider-visits'
),
activity AS (
    SELECT provider_code AS code, SUBSTR(provider_code, 1, 1) AS initial, last_signed_in_on
    FROM provider_activity
    WHERE snapshot = :provider_activity_snapshot
),
counted AS (
    SELECT
        points.period,
        points.as_of,
        activity.initial,
        COUNT(CASE WHEN activity.last_signed_in_on BETWEEN points.period_start AND points.as_of THEN 1 END) AS visited,
        COUNT(*) AS providers
    FROM points
    CROSS JOIN activity
    GROUP BY GROUPING SETS ((points.period, points.as_of), (points.period, points.as_of, activity.initial))
),
results AS (
    SELECT
        'headline' AS measure,
        period,
        as_of,
        CASE WHEN initial IS NULL THEN 'national' ELSE 'initial' END AS breakdown,
        COALESCE(initial, 'Total') AS category,
        visited AS numerator,
        providers AS denominator
    FROM counted
    UNION ALL
    SELECT 'facts_in_source', points.period, points.as_of, 'national', 'Total', COUNT(activity.code), NULL
    FROM points
    LEFT JOIN activity ON activity.last_signed_in_on BETWEEN points.period_start AND points.period_end
    GROUP BY points.period, points.as_of
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
