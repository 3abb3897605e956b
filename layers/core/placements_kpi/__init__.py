"""First-party package shared by every function of the school placements performance service."""
