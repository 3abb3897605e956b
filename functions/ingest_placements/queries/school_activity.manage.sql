-- What each school does in Manage school placements. Names: DFE-Digital/itt-mentor-services at 88e74ea3,
-- config/analytics.yml. Its own users are not support staff (users.type, app/models/placements/user.rb).
-- Users' names and addresses are hidden, and not read. The service has every school;
-- placements_service says which of them take part.
WITH organisation AS (
  SELECT
    version.id,
    version.urn,
    version.updated_at,
    version.valid_to AS deleted_at,
    CAST(version.placements_service AS BOOL) AS onboarded
  FROM `manage.schools_version` AS version
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
),

membership AS (
  SELECT version.user_id, version.organisation_id, version.created_at, version.valid_to AS ended_at
  FROM `manage.user_memberships_version` AS version
  WHERE version.organisation_type = 'School'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
),

own_user AS (
  SELECT person.id, CAST(person.last_signed_in_at AS TIMESTAMP) AS last_signed_in_at
  FROM `manage.users_latest` AS person
  WHERE person.type = 'Placements::User'
),

own_version AS (
  SELECT version.id, CAST(version.last_signed_in_at AS TIMESTAMP) AS instant
  FROM `manage.users_version` AS version
  WHERE version.type = 'Placements::User'
),

${signing_in},

preferences AS (
  SELECT
    preference.school_id AS organisation_id,
    ARRAY_AGG(STRUCT(
      EXTRACT(YEAR FROM CAST(academic.starts_on AS DATE)) AS academic_year,
      preference.appetite AS appetite,
      preference.created_at AS created_at
    )) AS entries
  FROM `manage.hosting_interests_latest` AS preference
  JOIN `manage.academic_years_latest` AS academic ON academic.id = preference.academic_year_id
  GROUP BY preference.school_id
),

placements AS (
  SELECT
    placement.school_id AS organisation_id,
    ARRAY_AGG(STRUCT(
      EXTRACT(YEAR FROM CAST(academic.starts_on AS DATE)) AS academic_year,
      placement.created_at AS created_at
    )) AS entries
  FROM `manage.placements_latest` AS placement
  JOIN `manage.academic_years_latest` AS academic ON academic.id = placement.academic_year_id
  GROUP BY placement.school_id
)

SELECT
  'manage' AS service,
  organisation.urn AS school_urn,
  organisation.onboarded,
  people.onboarded_at,
  people.last_signed_in_at,
  IFNULL(history.sign_in_dates, []) AS sign_in_dates,
  -- Nobody to sign in is a list without days; people of whom no version has come are no list.
  people.organisation_id IS NULL OR history.organisation_id IS NOT NULL AS has_list,
  IFNULL(preferences.entries, []) AS hosting_preferences,
  IFNULL(placements.entries, []) AS placements,
  organisation.updated_at,
  organisation.deleted_at
FROM organisation
LEFT JOIN people ON people.organisation_id = organisation.id
LEFT JOIN history ON history.organisation_id = organisation.id
LEFT JOIN preferences ON preferences.organisation_id = organisation.id
LEFT JOIN placements ON placements.organisation_id = organisation.id
