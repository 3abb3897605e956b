"""One logger and one set of metrics for every function.

Keys, not sentences: ``logger.info("snapshot accepted", extra={"source": …})``. Nothing
logged identifies a person, nor is a cell of a table below the disclosure threshold.

The service of both is the stack's name: the template gives it in ``POWERTOOLS_SERVICE_NAME``, which a name given here
would hide (https://docs.powertools.aws.dev/lambda/python/latest/core/metrics/#getting-started). It is a dimension of
every metric, so that an alarm of one environment does not hear another's.
"""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="SchoolPlacementsPerformance")
