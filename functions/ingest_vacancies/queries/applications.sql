-- Applications that were sent, as they stand. Names: DFE-Digital/teaching-vacancies at 98445ab0, config/analytics.yml.
-- Hidden: teacher_reference_number (config/analytics_hidden_pii.yml); the database, and so Airbyte, has it encrypted
-- only. Statuses come as words from dfe-analytics and as numbers from Airbyte: app/models/job_application.rb.
SELECT
  application.id AS application_id,
  application.vacancy_id,
  CASE CAST(application.status AS STRING)
    WHEN '0' THEN 'draft'
    WHEN '1' THEN 'submitted'
    WHEN '2' THEN 'reviewed'
    WHEN '3' THEN 'shortlisted'
    WHEN '4' THEN 'unsuccessful'
    WHEN '5' THEN 'withdrawn'
    WHEN '6' THEN 'interviewing'
    WHEN '7' THEN 'offered'
    WHEN '8' THEN 'declined'
    WHEN '9' THEN 'unsuccessful_interview'
    WHEN '10' THEN 'rejected'
    ELSE REGEXP_REPLACE(CAST(application.status AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS status,
  CAST(application.submitted_at AS TIMESTAMP) AS submitted_at,
  CAST(application.offered_at AS TIMESTAMP) AS offered_at,
  CAST(application.declined_at AS TIMESTAMP) AS declined_at,
  CAST(application.withdrawn_at AS TIMESTAMP) AS withdrawn_at,
  NULLIF(application.qualified_teacher_status, '') AS qualified_teacher_status,
  -- A text field of a form: whatever is no year is none.
  SAFE_CAST(application.qualified_teacher_status_year AS INT64) AS qualified_teacher_status_year,
  CAST(application.is_statutory_induction_complete AS BOOL) AS is_statutory_induction_complete,
  application.teacher_reference_number AS trn,
  application.updated_at
FROM `vacancies.job_applications_latest` AS application
WHERE CAST(application.status AS STRING) NOT IN ('0', 'draft')
