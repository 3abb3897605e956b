"""Protection of counts of people: controlled rounding, the attacker audit, the ledger of what was published.

:mod:`functions.compute_kpis.releases.disclosure` puts them together. ``audit`` knows nothing of
KPIs: it takes names, what is shown under them, and how they are linked.
"""
