-- Code lists and mappings.
SELECT list, code, value
FROM definitions
WHERE snapshot = :definitions_snapshot
