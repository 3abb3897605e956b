"""First-party package shared by every function of the school placements performance service."""

import gc

# Rows, figures and models are many objects, few of them in a ring: looked for every 700, as Python does, garbage took a
# fifth of the computation and of reading Register (docs/performance.md).
gc.set_threshold(50_000)
