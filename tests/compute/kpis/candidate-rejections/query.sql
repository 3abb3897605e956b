WITH points AS (
    SELECT period, as_of FROM kpi_points WHERE snapshot = :kpi_points_snapshot AND kpi = 'candidate-rejections'
),
choices AS (
    SELECT
        candidate_id,
        recruitment_cycle_year AS period,
        COALESCE(provider_region_code, 'not_available') AS region,
        sent_to_provider_on,
        rejected_on
    FROM application_choices
    WHERE snapshot = :application_choices_snapshot
),
counted AS (
    SELECT
        points.period,
        points.as_of,
        choices.region,
        COUNT(DISTINCT CASE WHEN choices.rejected_on <= points.as_of THEN choices.candidate_id END) AS rejected,
        COUNT(DISTINCT CASE WHEN choices.sent_to_provider_on <= points.as_of THEN choices.candidate_id END) AS applied
    FROM points
    LEFT JOIN choices ON choices.period = points.period
    GROUP BY GROUPING SETS ((points.period, points.as_of), (points.period, points.as_of, choices.region))
),
results AS (
    SELECT
        'headline' AS measure,
        period,
        as_of,
        CASE WHEN region IS NULL THEN 'national' ELSE 'region' END AS breakdown,
        COALESCE(region, 'Total') AS category,
        rejected AS numerator,
        applied AS denominator
    FROM counted
    WHERE region IS NULL OR applied > 0
    UNION ALL
    SELECT measures.measure, counted.period, counted.as_of, 'national', 'Total', counted.rejected, NULL
    FROM counted
    CROSS JOIN (VALUES ('late'), ('now')) AS measures (measure)
    WHERE counted.region IS NULL
    UNION ALL
    SELECT 'facts_in_source', points.period, points.as_of, 'national', 'Total', COUNT(choices.period), NULL
    FROM points
    LEFT JOIN choices ON choices.period = points.period
    GROUP BY points.period, points.as_of
)
SELECT DISTINCT
    CAST(measure AS varchar) AS measure,
    CAST(period AS bigint) AS period,
    CAST(as_of AS date) AS as_of,
    CAST(breakdown AS varchar) AS breakdown,
    CAST(category AS varchar) AS category,
    CAST(numerator AS bigint) AS numerator,
    CAST(denominator AS bigint) AS denominator,
    CAST('ok' AS varchar) AS status
FROM results
