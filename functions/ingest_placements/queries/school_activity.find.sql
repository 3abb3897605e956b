-- What each school does in Find school placements. Names: DFE-Digital/find-placement-schools at ac5ed343,
-- config/analytics.yml. Its own users are not support staff (users.admin).
-- Users' names and addresses are hidden, and not read.
WITH organisation AS (
  SELECT
    version.id,
    version.urn,
    version.updated_at,
    version.valid_to AS deleted_at,
    version.type = 'School' AS is_school
  FROM `find.organisations_version` AS version
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
),

membership AS (
  SELECT version.user_id, version.organisation_id, version.created_at, version.valid_to AS ended_at
  FROM `find.user_memberships_version` AS version
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY version.id ORDER BY version.valid_from DESC) = 1
),

own_user AS (
  SELECT person.id, CAST(person.last_signed_in_at AS TIMESTAMP) AS last_signed_in_at
  FROM `find.users_latest` AS person
  WHERE NOT IFNULL(CAST(person.admin AS BOOL), FALSE)
),

own_version AS (
  SELECT version.id, CAST(version.last_signed_in_at AS TIMESTAMP) AS instant
  FROM `find.users_version` AS version
  WHERE NOT IFNULL(CAST(version.admin AS BOOL), FALSE)
),

${signing_in},

preferences AS (
  SELECT
    preference.organisation_id AS organisation_id,
    ARRAY_AGG(STRUCT(
      EXTRACT(YEAR FROM CAST(academic.starts_on AS DATE)) AS academic_year,
      preference.appetite AS appetite,
      preference.created_at AS created_at
    )) AS entries
  FROM `find.placement_preferences_latest` AS preference
  JOIN `find.academic_years_latest` AS academic ON academic.id = preference.academic_year_id
  GROUP BY preference.organisation_id
)

SELECT
  'find' AS service,
  organisation.urn AS school_urn,
  TRUE AS onboarded,
  people.onboarded_at,
  people.last_signed_in_at,
  IFNULL(history.sign_in_dates, []) AS sign_in_dates,
  -- Nobody to sign in is a list without days; people of whom no version has come are no list.
  people.organisation_id IS NULL OR history.organisation_id IS NOT NULL AS has_list,
  IFNULL(preferences.entries, []) AS hosting_preferences,
  ARRAY<STRUCT<academic_year INT64, created_at TIMESTAMP>>[] AS placements,
  organisation.updated_at,
  organisation.deleted_at
FROM organisation
LEFT JOIN people ON people.organisation_id = organisation.id
LEFT JOIN history ON history.organisation_id = organisation.id
LEFT JOIN preferences ON preferences.organisation_id = organisation.id
WHERE organisation.is_school
  AND (people.organisation_id IS NOT NULL OR preferences.organisation_id IS NOT NULL)
