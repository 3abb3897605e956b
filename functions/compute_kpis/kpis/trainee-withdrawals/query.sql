-- Trainees who withdraw: the outcome rate of a year that has ended, the cohort rate of the running one
-- (KPI definitions, section 2): one row a trainee and point at which something of either holds.
-- uses: points lists
WITH
-- "Who": not drafts. A trainee counts once, and the state decides between award and withdrawal.
register AS (
    SELECT
        record.trainee_id,
        record.ukprn,
        record.training_route,
        COALESCE(record.trainee_start_date, record.itt_start_date) AS started_on,
        record.awarded_on,
        CASE WHEN standing.value = 'awarded' THEN 1 ELSE 0 END AS is_awarded,
        CASE WHEN standing.value = 'withdrawn' THEN 1 ELSE 0 END AS is_withdrawn,
        CASE WHEN standing.value = 'withdrawn' THEN record.withdrawal_date END AS withdrawn_on,
        CASE
            WHEN standing.value = 'withdrawn' AND cardinality(record.withdrawal_reasons) > 0
                THEN record.withdrawal_reasons
            ELSE ARRAY['']
        END AS reason_ids
    FROM (
        SELECT
            trainee_id,
            ukprn,
            training_route,
            trainee_start_date,
            itt_start_date,
            awarded_on,
            state,
            withdrawal_date,
            withdrawal_reasons
        FROM trainees
        WHERE snapshot = :trainees_snapshot
    ) AS record
    LEFT JOIN lists AS standing ON standing.list = 'trainee_state_class' AND standing.code = record.state
    WHERE standing.value IS NULL OR standing.value <> 'draft'
),
-- Reasons in coarse groups, ids renamed in 2023 included. A trainee can have several, one without has a blank here.
-- "Not given" is none, or "unknown". An id that maps to nothing is "other", with a warning.
reason AS (
    SELECT
        register.trainee_id,
        MAX(CASE WHEN coarse.value = 'moved' THEN 1 ELSE 0 END) AS is_move,
        MIN(CASE WHEN mistaken.code IS NOT NULL THEN 1 ELSE 0 END) AS is_error_only,
        MAX(CASE WHEN coarse.value = 'placement_and_school' THEN 1 ELSE 0 END) AS placement_and_school,
        MAX(CASE WHEN coarse.value = 'academic_progress' THEN 1 ELSE 0 END) AS academic_progress,
        MAX(CASE WHEN coarse.value = 'personal_and_health' THEN 1 ELSE 0 END) AS personal_and_health,
        MAX(CASE WHEN coarse.value = 'career_choice' THEN 1 ELSE 0 END) AS career_choice,
        MAX(CASE WHEN coarse.value = 'conduct_and_mandatory' THEN 1 ELSE 0 END) AS conduct_and_mandatory,
        MAX(
            CASE WHEN coarse.value = 'other' OR (coarse.code IS NULL AND given.reason_id <> '') THEN 1 ELSE 0 END
        ) AS other,
        MAX(CASE WHEN coarse.value = 'not_given' OR given.reason_id = '' THEN 1 ELSE 0 END) AS not_given,
        MAX(CASE WHEN coarse.code IS NULL AND given.reason_id <> '' THEN 1 ELSE 0 END) AS unmapped
    FROM register
    CROSS JOIN UNNEST(register.reason_ids) AS given (reason_id)
    LEFT JOIN lists AS coarse
        ON coarse.list = 'withdrawal_reason_group_of_id' AND coarse.code = given.reason_id
    LEFT JOIN lists AS mistaken
        ON mistaken.list = 'withdrawal_reason_of_mistaken_record' AND mistaken.code = given.reason_id
    GROUP BY register.trainee_id
),
-- QTS routes, a route comes as id, HESA code or label. A record added in error (its only reason) is left out entirely.
-- What lacks a route that we know, or a date that it needs, is not counted but shown, by the first problem that holds.
trainee AS (
    SELECT
        register.ukprn,
        register.started_on,
        register.awarded_on,
        register.is_withdrawn,
        register.withdrawn_on,
        CASE
            WHEN date_diff('day', register.started_on, register.withdrawn_on) >= 90 AND reason.is_move = 0
                THEN register.withdrawn_on
        END AS left_on,
        reason.is_move,
        reason.placement_and_school,
        reason.academic_progress,
        reason.personal_and_health,
        reason.career_choice,
        reason.conduct_and_mandatory,
        reason.other,
        reason.not_given,
        reason.unmapped,
        CASE WHEN route.value = 'qts' THEN 1 ELSE 0 END AS is_qts,
        CASE
            WHEN route.value IS NULL THEN 'unmapped_route'
            WHEN route.value <> 'qts' THEN NULL
            WHEN register.is_withdrawn = 1 AND register.withdrawn_on IS NULL THEN 'withdrawal_without_date'
            WHEN register.is_awarded = 1 AND register.awarded_on IS NULL THEN 'award_without_date'
            WHEN register.started_on IS NULL THEN 'no_start_date'
        END AS problem
    FROM register
    LEFT JOIN lists AS route ON route.list = 'training_route_class' AND route.code = register.training_route
    INNER JOIN reason ON reason.trainee_id = register.trainee_id
    WHERE reason.is_error_only <> 1
),
-- Region of the training provider by UKPRN: the row of the cycle with the year's number, else the newest, accredited
-- first, discarded last. More than one region is "Not available".
publish AS (
    SELECT
        points.period,
        points.as_of,
        provider.ukprn,
        COALESCE(region.value, 'not_available') AS region,
        RANK() OVER (
            PARTITION BY points.period, points.as_of, provider.ukprn
            ORDER BY
                CASE WHEN provider.recruitment_cycle_year = points.period THEN 0 ELSE 1 END,
                provider.recruitment_cycle_year DESC,
                CASE WHEN provider.discarded_on <= points.as_of THEN 1 ELSE 0 END,
                CASE WHEN provider.accredited_body THEN 0 ELSE 1 END
        ) AS place
    FROM points
    CROSS JOIN (
        SELECT
            ukprn,
            recruitment_cycle_year,
            accredited_body,
            region_code,
            discarded_on
        FROM providers
        WHERE snapshot = :providers_snapshot
    ) AS provider
    LEFT JOIN lists AS region ON region.list = 'region_of_publish' AND region.code = provider.region_code
    WHERE points.family = 'outcome'
),
provider_region AS (
    SELECT
        publish.period,
        publish.as_of,
        publish.ukprn,
        CASE WHEN MIN(publish.region) = MAX(publish.region) THEN MIN(publish.region) ELSE 'not_available' END AS region
    FROM publish
    WHERE publish.place = 1
    GROUP BY publish.period, publish.as_of, publish.ukprn
),
-- The census is on the second Wednesday of October.
census AS (
    SELECT
        family,
        period,
        period_start,
        period_end,
        as_of,
        CAST(date_add('day', mod(10 - day_of_week(october_1), 7) + 7, october_1) AS date) AS census_on
    FROM (
        SELECT
            family,
            period,
            period_start,
            period_end,
            as_of,
            CAST(date_add('month', 2, period_start) AS date) AS october_1
        FROM points
    ) AS days
),
-- What a trainee is at each point; a measure takes what belongs to its family.
-- "Outcome rate": awarded in the year, unless withdrawn by the day, or withdrawn in the year. The year has ended by the
-- day, so what was in it had happened by then; a withdrawal after the day is undone. Who "left" withdrew on day 90 or
-- later (day 89 is early) and did not move.
-- "Cohort rate": started in the year by the census, or by the day where that is earlier, and since withdrawn, however
-- early. A move stays at risk. A withdrawal without a date cannot be told from none and is left out.
standing AS (
    SELECT
        points.family,
        points.period,
        points.as_of,
        trainee.ukprn,
        CASE
            WHEN
                trainee.is_qts = 1
                AND trainee.awarded_on BETWEEN points.period_start AND points.period_end
                AND (trainee.is_withdrawn = 0 OR trainee.withdrawn_on > points.as_of)
                THEN 1
            ELSE 0
        END AS is_awarded,
        CASE
            WHEN trainee.is_qts = 1 AND trainee.withdrawn_on BETWEEN points.period_start AND points.period_end THEN 1
            ELSE 0
        END AS is_withdrawn,
        CASE
            WHEN trainee.is_qts = 1 AND trainee.left_on BETWEEN points.period_start AND points.period_end THEN 1
            ELSE 0
        END AS has_left,
        CASE
            WHEN
                trainee.is_qts = 1
                AND trainee.started_on BETWEEN points.period_start AND points.period_end
                AND (trainee.is_withdrawn = 0 OR trainee.withdrawn_on IS NOT NULL)
                THEN 1
            ELSE 0
        END AS is_starter,
        CASE WHEN trainee.started_on <= LEAST(points.census_on, points.as_of) THEN 1 ELSE 0 END AS is_in_time,
        CASE WHEN trainee.withdrawn_on <= points.as_of THEN 1 ELSE 0 END AS is_gone,
        trainee.is_move,
        trainee.placement_and_school,
        trainee.academic_progress,
        trainee.personal_and_health,
        trainee.career_choice,
        trainee.conduct_and_mandatory,
        trainee.other,
        trainee.not_given,
        trainee.unmapped,
        CASE
            -- An award that stands on the day needs no start.
            WHEN
                trainee.problem = 'no_start_date'
                AND trainee.awarded_on <= points.as_of
                AND (trainee.is_withdrawn = 0 OR trainee.withdrawn_on > points.as_of)
                THEN NULL
            ELSE trainee.problem
        END AS problem
    FROM census AS points
    CROSS JOIN trainee
)
-- The region is looked up last, for those who are anything at a point.
SELECT
    standing.family,
    standing.period,
    standing.as_of,
    COALESCE(provider_region.region, 'not_available') AS region,
    standing.problem AS reason,
    CASE
        WHEN standing.family = 'outcome' THEN standing.is_awarded + standing.is_withdrawn
        ELSE standing.is_starter
    END AS facts,
    standing.is_awarded + standing.has_left AS counted,
    standing.has_left AS withdrawals,
    standing.is_withdrawn * standing.is_move AS moved,
    standing.has_left * standing.placement_and_school AS placement_and_school,
    standing.has_left * standing.academic_progress AS academic_progress,
    standing.has_left * standing.personal_and_health AS personal_and_health,
    standing.has_left * standing.career_choice AS career_choice,
    standing.has_left * standing.conduct_and_mandatory AS conduct_and_mandatory,
    standing.has_left * standing.other AS other,
    standing.has_left * standing.not_given AS not_given,
    standing.has_left * standing.unmapped AS unmapped,
    standing.is_starter * standing.is_in_time AS at_risk,
    standing.is_starter * standing.is_in_time * standing.is_gone * (1 - standing.is_move) AS cohort_withdrawals,
    standing.is_starter * standing.is_in_time * standing.is_gone * standing.is_move AS cohort_moved,
    CASE WHEN standing.problem IS NULL THEN 0 ELSE 1 END AS not_counted
FROM standing
LEFT JOIN provider_region
    ON provider_region.period = standing.period
    AND provider_region.as_of = standing.as_of
    AND provider_region.ukprn = standing.ukprn
WHERE standing.is_awarded + standing.is_withdrawn + standing.is_starter > 0 OR standing.problem IS NOT NULL
