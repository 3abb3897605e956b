-- One row a provider, of both placements services: what either of them knows of it, so that a provider in both counts
-- once.
WITH each_service AS (
${each}
),

united AS (
  SELECT
    each_service.provider_code,
    STRING_AGG(each_service.service, '+' ORDER BY each_service.service) AS service,
    MAX(each_service.ukprn) AS ukprn,
    LOGICAL_OR(each_service.onboarded) AS onboarded,
    MIN(each_service.onboarded_at) AS onboarded_at,
    MAX(each_service.last_signed_in_at) AS last_signed_in_at,
    ARRAY_CONCAT_AGG(each_service.sign_in_dates) AS sign_in_dates,
    LOGICAL_OR(each_service.has_list) AS has_list,
    MAX(each_service.updated_at) AS updated_at,
    -- Gone once it is gone from all that had it.
    IF(LOGICAL_OR(each_service.deleted_at IS NULL), NULL, MAX(each_service.deleted_at)) AS deleted_at
  FROM each_service
  GROUP BY each_service.provider_code
)

SELECT
  united.service,
  united.provider_code,
  united.ukprn,
  united.onboarded,
  united.onboarded_at,
  united.last_signed_in_at,
  -- JSON, because a result has no list that is null.
  IF(united.has_list, TO_JSON(ARRAY(SELECT DISTINCT day FROM UNNEST(united.sign_in_dates) AS day ORDER BY day)), NULL)
    AS sign_in_dates,
  united.updated_at,
  united.deleted_at
FROM united
