-- The days to work out.
SELECT family, period, period_start, period_end, as_of, is_current
FROM kpi_points
WHERE snapshot = :kpi_points_snapshot AND kpi = '{kpi}'
