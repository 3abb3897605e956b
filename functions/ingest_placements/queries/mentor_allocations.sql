-- Mentors joined to placements, one row a join however many versions it has; the end of its last version, if it has
-- ended, is when it was taken away. Only itt-mentor-services has any. Names: DFE-Digital/itt-mentor-services at
-- 88e74ea3, config/analytics.yml. No service records yet which trainee a mentor is for. Once the table has a column
-- trainee_id or trn, it is read.
WITH allocation AS (
  SELECT
    version.id,
    version.placement_id,
    version.mentor_id,
    version.created_at,
    version.updated_at,
    version.valid_to AS deleted_at,
    TO_JSON_STRING(version) AS whole
  FROM `manage.placement_mentor_joins_version` AS version
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
),

placement AS (
  SELECT version.id, version.school_id, version.provider_id, version.academic_year_id
  FROM `manage.placements_version` AS version
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
)

SELECT
  'manage' AS service,
  allocation.id AS allocation_id,
  allocation.placement_id,
  school.urn AS school_urn,
  allocation.mentor_id,
  JSON_VALUE(allocation.whole, '$.trainee_id') AS trainee_id,
  JSON_VALUE(allocation.whole, '$.trn') AS trn,
  provider.code AS provider_code,
  EXTRACT(YEAR FROM CAST(academic.starts_on AS DATE)) AS academic_year,
  allocation.created_at,
  allocation.updated_at,
  allocation.deleted_at
FROM allocation
LEFT JOIN placement ON placement.id = allocation.placement_id
LEFT JOIN `manage.schools_latest` AS school ON school.id = placement.school_id
LEFT JOIN `manage.academic_years_latest` AS academic ON academic.id = placement.academic_year_id
LEFT JOIN `manage.providers_latest` AS provider ON provider.id = placement.provider_id
