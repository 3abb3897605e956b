-- The months of a point's twelve in which what the service team reports exists: a channel, a category of cost or the
-- feedback form of a service ("part"), by the list that says from when.
SELECT
    points.period,
    points.as_of,
    begins.list,
    split_part(begins.code, '/', 1) AS service,
    split_part(begins.code, '/', 2) AS part,
    CAST(date_add('day', -1, CAST(date_add('month', 1, points.period_start) AS date)) AS date) AS first_ends_on,
    CAST(date_add('day', -1, CAST(date_add('month', month.number, points.period_start) AS date)) AS date)
        AS month_ends_on
FROM points
CROSS JOIN UNNEST(ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) AS month (number)
INNER JOIN lists AS begins
    ON begins.list IN ('transactions_from', 'costs_from', 'answers_from')
    AND CAST(begins.value AS date) < CAST(date_add('month', month.number, points.period_start) AS date)
LEFT JOIN lists AS ends
    ON ends.list
    = CASE begins.list
        WHEN 'costs_from' THEN 'costs_to'
        WHEN 'answers_from' THEN 'answers_to'
        ELSE 'transactions_to'
    END
    AND ends.code = begins.code
WHERE
    ends.value IS NULL
    OR CAST(date_add('month', month.number, points.period_start) AS date)
    <= CAST(date_add('day', 1, CAST(ends.value AS date)) AS date)
