-- What a URN that a service names is: a school with its rules, or a stand-in for none. "outside" is what keeps it out
-- on every day; a URN that is not here is not in the register.
SELECT
    COALESCE(sentinel.code, school.urn) AS urn,
    school.region,
    school.phase,
    school.type_group,
    school.in_england,
    school.is_school,
    school.is_independent,
    CASE
        WHEN sentinel.code IS NOT NULL THEN 'sentinel'
        WHEN school.in_england = 0 THEN 'not_in_england'
    END AS outside
FROM school
FULL JOIN (
    SELECT code
    FROM lists
    WHERE list = 'sentinel_urn'
) AS sentinel ON sentinel.code = school.urn
