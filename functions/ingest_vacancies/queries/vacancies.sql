-- Published vacancies as they stand, with the URNs of their schools and the UID of their trust. Names:
-- DFE-Digital/teaching-vacancies at 98445ab0, config/analytics.yml. Enums come as words from dfe-analytics and as
-- numbers from Airbyte: app/models/vacancy.rb. A list comes as a list (isArray), as words with commas between, or from
-- Airbyte as the text of a JSON list: its words or numbers are found in any of them.
WITH organisations AS (
  SELECT
    link.vacancy_id,
    ARRAY_AGG(DISTINCT organisation.urn IGNORE NULLS ORDER BY organisation.urn) AS urns,
    MAX(IF(organisation.type = 'SchoolGroup', organisation.uid, NULL)) AS trust_uid
  FROM `vacancies.organisation_vacancies_latest` AS link
  JOIN `vacancies.organisations_latest` AS organisation ON organisation.id = link.organisation_id
  GROUP BY link.vacancy_id
)

SELECT
  vacancy.id AS vacancy_id,
  IFNULL(organisations.urns, []) AS organisation_urns,
  organisations.trust_uid,
  ARRAY(
    SELECT
      CASE role
        WHEN '0' THEN 'teacher'
        WHEN '1' THEN 'headteacher'
        WHEN '2' THEN 'deputy_headteacher'
        WHEN '3' THEN 'assistant_headteacher'
        WHEN '4' THEN 'head_of_year_or_phase'
        WHEN '5' THEN 'head_of_department_or_curriculum'
        WHEN '6' THEN 'teaching_assistant'
        WHEN '7' THEN 'higher_level_teaching_assistant'
        WHEN '8' THEN 'education_support'
        WHEN '9' THEN 'sendco'
        WHEN '11' THEN 'administration_hr_data_and_finance'
        WHEN '12' THEN 'catering_cleaning_and_site_management'
        WHEN '13' THEN 'it_support'
        WHEN '14' THEN 'pastoral_health_and_welfare'
        WHEN '15' THEN 'other_leadership'
        WHEN '16' THEN 'other_support'
        WHEN '17' THEN 'leadership_and_management'
        WHEN '18' THEN 'business_support_administration_and_corporate_services'
        WHEN '19' THEN 'student_support_learning_and_progress'
        WHEN '20' THEN 'marketing_and_communications'
        WHEN '21' THEN 'apprenticeships_and_commercial_services'
        ELSE REGEXP_REPLACE(role, r'^([0-9]+)$', r'number_\1')
      END
    FROM UNNEST(REGEXP_EXTRACT_ALL(TO_JSON_STRING(vacancy.job_roles), r'[a-z_]+|[0-9]+')) AS role WITH OFFSET AS place
    WHERE role <> 'null'
    ORDER BY place
  ) AS job_roles,
  CASE CAST(vacancy.ect_status AS STRING)
    WHEN '0' THEN 'ect_suitable'
    WHEN '1' THEN 'ect_unsuitable'
    ELSE REGEXP_REPLACE(CAST(vacancy.ect_status AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS ect_status,
  ARRAY(
    SELECT
      CASE phase
        WHEN '0' THEN 'nursery'
        WHEN '1' THEN 'primary'
        WHEN '3' THEN 'secondary'
        WHEN '4' THEN 'sixth_form_or_college'
        WHEN '5' THEN 'through'
        ELSE REGEXP_REPLACE(phase, r'^([0-9]+)$', r'number_\1')
      END
    FROM UNNEST(REGEXP_EXTRACT_ALL(TO_JSON_STRING(vacancy.phases), r'[a-z_]+|[0-9]+')) AS phase WITH OFFSET AS place
    WHERE phase <> 'null'
    ORDER BY place
  ) AS phases,
  CASE CAST(vacancy.contract_type AS STRING)
    WHEN '0' THEN 'permanent'
    WHEN '1' THEN 'fixed_term'
    WHEN '3' THEN 'casual'
    ELSE REGEXP_REPLACE(CAST(vacancy.contract_type AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS contract_type,
  CAST(vacancy.publish_on AS DATE) AS publish_on,
  CAST(vacancy.expires_at AS TIMESTAMP) AS expires_at,
  CAST(vacancy.starts_on AS DATE) AS starts_on,
  CAST(vacancy.discarded_at AS TIMESTAMP) AS discarded_at,
  CASE CAST(vacancy.hired_status AS STRING)
    WHEN '0' THEN 'hired_tvs'
    WHEN '1' THEN 'hired_other_free'
    WHEN '2' THEN 'hired_paid'
    WHEN '3' THEN 'hired_no_listing'
    WHEN '4' THEN 'not_filled_ongoing'
    WHEN '5' THEN 'not_filled_not_looking'
    WHEN '6' THEN 'hired_dont_know'
    ELSE REGEXP_REPLACE(CAST(vacancy.hired_status AS STRING), r'^([0-9]+)$', r'number_\1')
  END AS hired_status,
  CAST(vacancy.stats_updated_at AS TIMESTAMP) AS stats_updated_at,
  IFNULL(CAST(vacancy.enable_job_applications AS BOOL), FALSE)
    OR IFNULL(CAST(vacancy.receive_applications AS STRING) IN ('2', 'uploaded_form'), FALSE) AS takes_applications,
  NULLIF(vacancy.external_source, '') IS NOT NULL
    OR NULLIF(vacancy.publisher_ats_api_client_id, '') IS NOT NULL AS is_external,
  vacancy.updated_at
FROM `vacancies.vacancies_latest` AS vacancy
LEFT JOIN organisations ON organisations.vacancy_id = vacancy.id
WHERE vacancy.type = 'PublishedVacancy'
