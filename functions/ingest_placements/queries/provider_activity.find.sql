-- What each provider does in Find school placements. Names: DFE-Digital/find-placement-schools at ac5ed343,
-- config/analytics.yml. A sign-in overwrites users.last_signed_in_at, so the days of signing in are those of all
-- versions of its own users (support staff are none: users.admin), while they belonged to it. Users' names and
-- addresses are hidden, and not read.
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

people AS (
  SELECT
    membership.organisation_id,
    MIN(membership.created_at) AS onboarded_at,
    MAX(IF(membership.ended_at IS NULL, CAST(person.last_signed_in_at AS TIMESTAMP), NULL)) AS last_signed_in_at
  FROM membership
  JOIN `find.users_latest` AS person ON person.id = membership.user_id
  WHERE NOT IFNULL(CAST(person.admin AS BOOL), FALSE)
  GROUP BY membership.organisation_id
),

signed_in AS (
  SELECT version.id, CAST(version.last_signed_in_at AS TIMESTAMP) AS instant
  FROM `find.users_version` AS version
  WHERE NOT IFNULL(CAST(version.admin AS BOOL), FALSE)
),

history AS (
  SELECT
    membership.organisation_id,
    ARRAY_AGG(DISTINCT IF(
      signed_in.instant >= membership.created_at
        AND (membership.ended_at IS NULL OR signed_in.instant < membership.ended_at),
      DATE(signed_in.instant, 'Europe/London'),
      NULL
    ) IGNORE NULLS) AS sign_in_dates
  FROM membership
  JOIN signed_in ON signed_in.id = membership.user_id
  GROUP BY membership.organisation_id
)

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
