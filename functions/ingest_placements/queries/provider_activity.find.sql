-- What each provider does in Find school placements. Names: DFE-Digital/find-placement-schools at ac5ed343,
-- config/analytics.yml. Its own users are not support staff (users.admin).
-- Users' names and addresses are hidden, and not read.
WITH organisation AS (
  SELECT
    version.id,
    version.code,
    version.ukprn,
    version.updated_at,
    version.valid_to AS deleted_at,
    version.type = 'Provider' AS is_provider
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

${signing_in}

SELECT
  'find' AS service,
  organisation.code AS provider_code,
  organisation.ukprn,
  TRUE AS onboarded,
  people.onboarded_at,
  people.last_signed_in_at,
  IFNULL(history.sign_in_dates, []) AS sign_in_dates,
  -- Nobody to sign in is a list without days; people of whom no version has come are no list.
  people.organisation_id IS NULL OR history.organisation_id IS NOT NULL AS has_list,
  organisation.updated_at,
  organisation.deleted_at
FROM organisation
LEFT JOIN people ON people.organisation_id = organisation.id
LEFT JOIN history ON history.organisation_id = organisation.id
WHERE organisation.is_provider
  AND people.organisation_id IS NOT NULL
