-- Trainees as they stand, with their newest withdrawal and the URNs of their placements. Drafts and discarded trainees
-- are left out. Names: DFE-Digital/register-trainee-teachers at ce112654, config/analytics.yml, db/schema.rb. Hidden:
-- trainees.trn (config/analytics_hidden_pii.yml). The enums come as words from dfe-analytics and as numbers from
-- Airbyte: app/models/trainee.rb, config/initializers/training_routes.rb. A number that is not there is marked, lest
-- it be taken for a code of HESA. withdrawals' trigger is a text in both.
WITH withdrawal AS (
  SELECT withdrawn.id, withdrawn.trainee_id, withdrawn.date, withdrawn.trigger
  FROM `register.trainee_withdrawals_latest` AS withdrawn
  WHERE withdrawn.discarded_at IS NULL
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY withdrawn.trainee_id ORDER BY withdrawn.created_at DESC, withdrawn.id DESC) = 1
),

withdrawal_reasons AS (
  SELECT link.trainee_withdrawal_id, ARRAY_AGG(DISTINCT reason.name ORDER BY reason.name) AS names
  FROM `register.trainee_withdrawal_reasons_latest` AS link
  JOIN `register.withdrawal_reasons_latest` AS reason ON reason.id = link.withdrawal_reason_id
  GROUP BY link.trainee_withdrawal_id
),

placements AS (
  SELECT placement.trainee_id, ARRAY_AGG(STRUCT(COALESCE(school.urn, placement.urn) AS urn)) AS urns
  FROM `register.placements_latest` AS placement
  LEFT JOIN `register.schools_latest` AS school ON school.id = placement.school_id
  GROUP BY placement.trainee_id
)

SELECT
  trainee.slug AS trainee_id,
  trainee.trn,
  provider.ukprn,
  CASE CAST(trainee.state AS STRING)
    WHEN '0' THEN 'draft'
    WHEN '1' THEN 'submitted_for_trn'
    WHEN '2' THEN 'trn_received'
    WHEN '3' THEN 'recommended_for_award'
    WHEN '4' THEN 'withdrawn'
    WHEN '5' THEN 'deferred'
    WHEN '6' THEN 'awarded'
    ELSE REGEXP_REPLACE(CAST(trainee.state AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS state,
  CASE CAST(trainee.training_route AS STRING)
    WHEN '0' THEN 'assessment_only'
    WHEN '1' THEN 'provider_led_postgrad'
    WHEN '2' THEN 'early_years_undergrad'
    WHEN '3' THEN 'school_direct_tuition_fee'
    WHEN '4' THEN 'school_direct_salaried'
    WHEN '5' THEN 'pg_teaching_apprenticeship'
    WHEN '6' THEN 'early_years_assessment_only'
    WHEN '7' THEN 'early_years_salaried'
    WHEN '8' THEN 'early_years_postgrad'
    WHEN '9' THEN 'provider_led_undergrad'
    WHEN '10' THEN 'opt_in_undergrad'
    WHEN '11' THEN 'hpitt_postgrad'
    WHEN '12' THEN 'iqts'
    WHEN '14' THEN 'teacher_degree_apprenticeship'
    ELSE REGEXP_REPLACE(CAST(trainee.training_route AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS training_route,
  CASE CAST(trainee.course_education_phase AS STRING)
    WHEN '0' THEN 'primary'
    WHEN '1' THEN 'secondary'
    WHEN '2' THEN 'early_years'
    ELSE REGEXP_REPLACE(CAST(trainee.course_education_phase AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS course_education_phase,
  CAST(trainee.itt_start_date AS DATE) AS itt_start_date,
  CAST(trainee.itt_end_date AS DATE) AS itt_end_date,
  CAST(trainee.trainee_start_date AS DATE) AS trainee_start_date,
  CAST(trainee.awarded_at AS TIMESTAMP) AS awarded_at,
  CAST(trainee.defer_date AS DATE) AS defer_date,
  CAST(trainee.reinstate_date AS DATE) AS reinstate_date,
  CAST(withdrawal.date AS DATE) AS withdrawal_date,
  IFNULL(withdrawal_reasons.names, []) AS withdrawal_reasons,
  withdrawal.trigger AS withdrawal_trigger,
  IFNULL(placements.urns, []) AS placements,
  trainee.created_at,
  trainee.updated_at
FROM `register.trainees_latest` AS trainee
LEFT JOIN `register.providers_latest` AS provider ON provider.id = trainee.provider_id
LEFT JOIN withdrawal ON withdrawal.trainee_id = trainee.id
LEFT JOIN withdrawal_reasons ON withdrawal_reasons.trainee_withdrawal_id = withdrawal.id
LEFT JOIN placements ON placements.trainee_id = trainee.id
WHERE trainee.discarded_at IS NULL
  AND CAST(trainee.state AS STRING) NOT IN ('0', 'draft')
