-- The months of a point's twelve in which a channel of a service exists, and what was reported of each. "in_source":
-- whether the source goes as far back as the first of the twelve.
SELECT
    expected.period,
    expected.as_of,
    expected.service,
    expected.channel,
    class.value AS class,
    reported.started,
    reported.completed,
    CASE WHEN earliest.month_ends_on <= expected.first_ends_on THEN 1 ELSE 0 END AS in_source
FROM (
    SELECT
        points.period,
        points.as_of,
        split_part(begins.code, '/', 1) AS service,
        split_part(begins.code, '/', 2) AS channel,
        CAST(date_add('day', -1, CAST(date_add('month', 1, points.period_start) AS date)) AS date) AS first_ends_on,
        CAST(date_add('day', -1, CAST(date_add('month', month.number, points.period_start) AS date)) AS date)
            AS month_ends_on
    FROM points
    CROSS JOIN UNNEST(ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) AS month (number)
    INNER JOIN lists AS begins
        ON begins.list = 'transactions_from'
        AND CAST(begins.value AS date) < CAST(date_add('month', month.number, points.period_start) AS date)
    LEFT JOIN lists AS ends ON ends.list = 'transactions_to' AND ends.code = begins.code
    WHERE
        ends.value IS NULL
        OR CAST(date_add('month', month.number, points.period_start) AS date)
        <= CAST(date_add('day', 1, CAST(ends.value AS date)) AS date)
) AS expected
LEFT JOIN lists AS class ON class.list = 'channel_class' AND class.code = expected.channel
LEFT JOIN (
    SELECT month_ends_on, service, channel, started, completed
    FROM service_transactions
    WHERE snapshot = :service_transactions_snapshot
) AS reported
    ON reported.month_ends_on = expected.month_ends_on
    AND reported.service = expected.service
    AND reported.channel = expected.channel
CROSS JOIN (
    SELECT MIN(month_ends_on) AS month_ends_on
    FROM service_transactions
    WHERE snapshot = :service_transactions_snapshot
) AS earliest
