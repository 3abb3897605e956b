-- "Schools": in England, by region code, type and type group. D2 keeps five type groups (is_school), D3 leaves out the
-- independent schools of D2.
SELECT
    place.urn,
    place.region,
    place.phase,
    COALESCE(type_group.label, 'not_available') AS type_group,
    CASE
        WHEN place.is_abroad = 1 OR type.is_abroad = 1 OR type_group.is_abroad = 1 THEN 0
        ELSE 1
    END AS in_england,
    COALESCE(type_group.is_school, 0) AS is_school,
    GREATEST(COALESCE(type.is_independent, 0), COALESCE(type_group.is_independent, 0)) AS is_independent
FROM school_place AS place
LEFT JOIN (
    SELECT
        code,
        MAX(CASE WHEN list = 'not_in_england_type' THEN 1 ELSE 0 END) AS is_abroad,
        MAX(CASE WHEN list = 'not_in_d3_type' THEN 1 ELSE 0 END) AS is_independent
    FROM lists
    WHERE list IN ('not_in_england_type', 'not_in_d3_type')
    GROUP BY code
) AS type ON type.code = place.type_code
LEFT JOIN (
    SELECT
        code,
        MAX(CASE WHEN list = 'type_group_of_gias' THEN value END) AS label,
        MAX(CASE WHEN list = 'not_in_england_type_group' THEN 1 ELSE 0 END) AS is_abroad,
        MAX(CASE WHEN list = 'd2_type_group' THEN 1 ELSE 0 END) AS is_school,
        MAX(CASE WHEN list = 'not_in_d3_type_group' THEN 1 ELSE 0 END) AS is_independent
    FROM lists
    WHERE list IN ('type_group_of_gias', 'not_in_england_type_group', 'd2_type_group', 'not_in_d3_type_group')
    GROUP BY code
) AS type_group ON type_group.code = place.group_code
