"""First-party package shared by every function of the school placements performance service."""

import gc
import os

# Rows, figures and models are many objects, few of them in a ring: looked for every 700, as Python does, garbage took a
# fifth of the computation and of reading Register. What is imported, 150,000 objects for an ingest and 250,000 for
# compute_kpis, has none at all (docs/performance.md).
gc.set_threshold(300_000)

# Else pydantic reads what every installed package says of itself, in search of plugins: we have none
# (pydantic/plugin/_loader.py in the repository pydantic/pydantic).
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
