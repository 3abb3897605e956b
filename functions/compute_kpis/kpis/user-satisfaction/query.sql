-- User satisfaction (KPI definitions, section 10): one row a point, month of its twelve, and service.
-- uses: points lists service_month
SELECT
    expected.period,
    expected.as_of,
    expected.service,
    reported.very_satisfied,
    reported.satisfied,
    reported.neither,
    reported.dissatisfied,
    reported.very_dissatisfied,
    reported.very_satisfied + reported.satisfied AS content,
    reported.very_satisfied
    + reported.satisfied
    + reported.neither
    + reported.dissatisfied
    + reported.very_dissatisfied AS answers,
    CASE WHEN reported.service IS NULL THEN 1 ELSE 0 END AS missing,
    CASE WHEN earliest.month_ends_on <= expected.first_ends_on THEN 1 ELSE 0 END AS in_source
FROM service_month AS expected
LEFT JOIN (
    SELECT month_ends_on, service, very_satisfied, satisfied, neither, dissatisfied, very_dissatisfied
    FROM service_satisfaction
    WHERE snapshot = :service_satisfaction_snapshot
) AS reported
    ON reported.month_ends_on = expected.month_ends_on
    AND reported.service = expected.service
CROSS JOIN (
    SELECT MIN(month_ends_on) AS month_ends_on
    FROM service_satisfaction
    WHERE snapshot = :service_satisfaction_snapshot
) AS earliest
WHERE expected.list = 'answers_from'
