"""A rehearsal of the deployment in LocalStack, which is not ours (docs/decisions/0023)."""
