-- Every school that is open on the day.
SELECT points.period, points.as_of, lineage.urn
FROM points
INNER JOIN lineage ON lineage.is_open AND points.as_of BETWEEN lineage.valid_from AND lineage.valid_to
