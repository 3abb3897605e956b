-- Completion rate (KPI definitions, section 8): one row a point, month of its twelve, service and channel online.
-- uses: points lists service_month transaction_month
SELECT
    period,
    as_of,
    service,
    started,
    completed,
    CASE WHEN started IS NULL OR completed IS NULL THEN 1 ELSE 0 END AS missing,
    in_source
FROM transaction_month
WHERE class = 'online'
