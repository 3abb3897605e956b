"""What a run reads: the snapshots that it is pinned to, and the tables of our own."""
