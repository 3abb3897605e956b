-- The months of a point's twelve in which a channel of a service exists, and what was reported of each. "in_source":
-- whether the source goes as far back as the first of the twelve.
SELECT
    expected.period,
    expected.as_of,
    expected.service,
    expected.part AS channel,
    expected.month_ends_on,
    class.value AS class,
    reported.started,
    reported.completed,
    CASE WHEN earliest.month_ends_on <= expected.first_ends_on THEN 1 ELSE 0 END AS in_source
FROM service_month AS expected
LEFT JOIN lists AS class ON class.list = 'channel_class' AND class.code = expected.part
LEFT JOIN (
    SELECT month_ends_on, service, channel, started, completed
    FROM service_transactions
    WHERE snapshot = :service_transactions_snapshot
) AS reported
    ON reported.month_ends_on = expected.month_ends_on
    AND reported.service = expected.service
    AND reported.channel = expected.part
CROSS JOIN (
    SELECT MIN(month_ends_on) AS month_ends_on
    FROM service_transactions
    WHERE snapshot = :service_transactions_snapshot
) AS earliest
WHERE expected.list = 'transactions_from'
