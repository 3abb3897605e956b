"""BigQuery on this machine: an emulator of its own process, with the sample in the shapes of the services' tables."""
