"""The sample: drops of real schools and providers and invented people, with a known answer for every KPI.

``python -m local.sample --out DIR --seed N --scale X`` writes it; ``docs/sample.md`` says what is in it.
Nothing here reads the code that works out the KPIs: the answers are what was decided while the rows were made.
"""
