-- Cost per transaction (KPI definitions, section 9): one row a point, month of its twelve, service, and channel or
-- category of cost.
-- uses: points lists service_month transaction_month
WITH
-- From when costs can be put to transactions: the first month of a service that any was completed in.
first_month AS (
    SELECT service, MIN(month_ends_on) AS month_ends_on
    FROM (
        SELECT reported.service, reported.month_ends_on
        FROM service_transactions AS reported
        INNER JOIN lists AS begins
            ON begins.list = 'transactions_from'
            AND begins.code = reported.service || '/' || reported.channel
            AND CAST(begins.value AS date) <= reported.month_ends_on
        WHERE reported.snapshot = :service_transactions_snapshot AND reported.completed > 0
    ) AS counted
    GROUP BY service
),
cost_month AS (
    SELECT
        expected.period,
        expected.as_of,
        expected.service,
        expected.part AS cost_category,
        reported.pence,
        CASE WHEN first_month.month_ends_on <= expected.month_ends_on THEN 0 ELSE 1 END AS early,
        CASE
            WHEN earliest.of_costs <= expected.first_ends_on AND earliest.of_transactions <= expected.first_ends_on THEN 1
            ELSE 0
        END AS in_source
    FROM service_month AS expected
    LEFT JOIN (
        SELECT month_ends_on, service, category, pence
        FROM service_costs
        WHERE snapshot = :service_costs_snapshot
    ) AS reported
        ON reported.month_ends_on = expected.month_ends_on
        AND reported.service = expected.service
        AND reported.category = expected.part
    LEFT JOIN first_month ON first_month.service = expected.service
    CROSS JOIN (
        SELECT costs.month_ends_on AS of_costs, transactions.month_ends_on AS of_transactions
        FROM (
            SELECT MIN(month_ends_on) AS month_ends_on
            FROM service_costs
            WHERE snapshot = :service_costs_snapshot
        ) AS costs
        CROSS JOIN (
            SELECT MIN(month_ends_on) AS month_ends_on
            FROM service_transactions
            WHERE snapshot = :service_transactions_snapshot
        ) AS transactions
    ) AS earliest
    WHERE expected.list = 'costs_from'
)
SELECT
    period,
    as_of,
    service,
    cost_category,
    pence,
    0 AS completed,
    CASE WHEN pence IS NULL THEN 1 ELSE 0 END AS missing,
    early,
    in_source
FROM cost_month
UNION ALL
SELECT
    period,
    as_of,
    service,
    CAST(NULL AS varchar) AS cost_category,
    0 AS pence,
    completed,
    CASE WHEN completed IS NULL THEN 1 ELSE 0 END AS missing,
    0 AS early,
    0 AS in_source
FROM transaction_month
