-- Digital take-up (KPI definitions, section 7): one row a point, month of its twelve, service and channel.
-- uses: points lists service_month transaction_month
SELECT
    period,
    as_of,
    service,
    channel,
    completed,
    CASE WHEN class = 'online' THEN completed ELSE 0 END AS completed_online,
    CASE WHEN completed IS NULL THEN 1 ELSE 0 END AS missing,
    in_source
FROM transaction_month
