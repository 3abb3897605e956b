"""One module a KPI, each with ``worlds()``: a hypothesis strategy of small worlds, rich in edge dates and dirt."""
