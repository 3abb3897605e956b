"""One logger and one set of metrics for every function.

Keys, not sentences: ``logger.info("snapshot accepted", extra={"source": …})``. Nothing
logged identifies a person, nor is a cell of a table below the disclosure threshold.
"""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="school-placements-performance")
metrics = Metrics(namespace="SchoolPlacementsPerformance", service="school-placements-performance")
