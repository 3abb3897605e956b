"""The book (docs/book) a second time: every KPI in plain Python, worked examples, and random worlds to compare them on.

A world is what the services leave (``drops.py``). Both sides begin there: ingest and query on one, ``reading.py`` and
``kpis/`` on the other. Nothing of the other side may import code of the product or be written from it: it is the second
opinion. It is slow, plain, and follows the book's sentences in their order.
"""
