"""One module a KPI, each with ``FOUND``: worlds on which query and book once disagreed, and what had gone wrong."""
