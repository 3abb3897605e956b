"""What the queries answer, checked, and what a run makes of it."""
