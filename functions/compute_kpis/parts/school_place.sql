-- "Schools": region and phase by GIAS; a region outside the nine is "Not available", and one of them is Wales.
SELECT
    gias.urn,
    gias.type_code,
    gias.group_code,
    COALESCE(gor.region, 'not_available') AS region,
    gor.is_abroad,
    COALESCE(phase.value, 'not_available') AS phase
FROM (
    SELECT
        urn,
        gor,
        CAST(phase_of_education AS varchar) AS phase_code,
        CAST(type_of_establishment AS varchar) AS type_code,
        CAST(establishment_type_group AS varchar) AS group_code
    FROM schools
    WHERE snapshot = :schools_snapshot
) AS gias
LEFT JOIN (
    SELECT
        code,
        MAX(CASE WHEN list = 'region_of_gor' THEN value END) AS region,
        MAX(CASE WHEN list = 'not_in_england_gor' THEN 1 ELSE 0 END) AS is_abroad
    FROM lists
    WHERE list IN ('region_of_gor', 'not_in_england_gor')
    GROUP BY code
) AS gor ON gor.code = gias.gor
LEFT JOIN lists AS phase ON phase.list = 'phase_of_gias' AND phase.code = gias.phase_code
