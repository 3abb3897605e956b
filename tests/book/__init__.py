"""The KPI book a second time: every KPI in plain Python, worked examples, and random worlds to compare them on.

Nothing under ``kpis/`` here may import from ``functions/compute_kpis`` or be written from its SQL: it
is the second opinion. It is slow, plain, and follows the book's sentences in their order.
"""
