-- Application choices of the last three recruitment cycles, as they stand, with what their course and provider say.
-- Names: DFE-Digital/apply-for-teacher-training at 01bd2ace, config/analytics.yml; statuses and types of reasons are
-- texts in the database too (app/models/application_choice.rb at 0174d959). Hidden: application_forms.candidate_id and
-- candidates.id (config/analytics_hidden_pii.yml at 0583db5a). Drafts are left out. structured_rejection_reasons is
-- flattened to ids in memory, in the ingest; its texts go no further.
SELECT
  choice.id,
  form.candidate_id,
  CAST(course.recruitment_cycle_year AS INT64) AS recruitment_cycle_year,
  choice.status,
  CAST(choice.sent_to_provider_at AS TIMESTAMP) AS sent_to_provider_at,
  CAST(choice.rejected_at AS TIMESTAMP) AS rejected_at,
  CAST(choice.rejected_by_default AS BOOL) AS rejected_by_default,
  COALESCE(
    choice.rejection_reasons_type,
    IF(choice.structured_rejection_reasons IS NULL AND TRIM(choice.rejection_reason) <> '', 'rejection_reason', NULL)
  ) AS rejection_reasons_type,  -- that there is a text, and not what it says
  choice.structured_rejection_reasons,
  provider.code AS provider_code,
  accredited.code AS accredited_provider_code,
  provider.region_code AS provider_region_code,
  course.code AS course_code,
  course.level AS course_level,
  course.funding_type,
  CAST(candidate.hide_in_reporting AS BOOL) AS hide_in_reporting,
  choice.updated_at
FROM `apply.application_choices_latest` AS choice
JOIN `apply.application_forms_latest` AS form ON form.id = choice.application_form_id
LEFT JOIN `apply.candidates_latest` AS candidate ON candidate.id = form.candidate_id
LEFT JOIN `apply.course_options_latest` AS site ON site.id = choice.current_course_option_id
LEFT JOIN `apply.courses_latest` AS course ON course.id = site.course_id
LEFT JOIN `apply.providers_latest` AS provider ON provider.id = course.provider_id
LEFT JOIN `apply.providers_latest` AS accredited ON accredited.id = course.accredited_provider_id
WHERE choice.status NOT IN ('unsubmitted', 'application_not_sent')
  AND (
    -- One without a year is for the ingest to refuse and count.
    course.recruitment_cycle_year IS NULL
    OR CAST(course.recruitment_cycle_year AS INT64) >= EXTRACT(YEAR FROM DATE(@as_of, 'Europe/London')) - 2
  )
