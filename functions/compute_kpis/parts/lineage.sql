-- "Successors": which URN a URN counts as, and whether it is open, on every day.
SELECT urn, valid_from, valid_to, is_open, counted_urn
FROM school_lineage
WHERE snapshot = :school_lineage_snapshot
