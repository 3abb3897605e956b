-- When the people of each organisation joined and signed in, of a query's membership, own_user and own_version.
-- A sign-in overwrites users.last_signed_in_at, so the days of signing in are those of all versions of a service's own
-- users while they belonged to the organisation.
people AS (
  SELECT
    membership.organisation_id,
    MIN(membership.created_at) AS onboarded_at,
    MAX(IF(membership.ended_at IS NULL, person.last_signed_in_at, NULL)) AS last_signed_in_at
  FROM membership
  JOIN own_user AS person ON person.id = membership.user_id
  GROUP BY membership.organisation_id
),

history AS (
  SELECT
    membership.organisation_id,
    ARRAY_AGG(DISTINCT IF(
      version.instant >= membership.created_at
        AND (membership.ended_at IS NULL OR version.instant < membership.ended_at),
      DATE(version.instant, 'Europe/London'),
      NULL
    ) IGNORE NULLS) AS sign_in_dates
  FROM membership
  JOIN own_version AS version ON version.id = membership.user_id
  GROUP BY membership.organisation_id
)
