"""Stand-ins for the services we read, on this machine: the same answers and the same awkward habits."""

from local.standins.handler import Fault
from local.standins.server import Standins, serve

__all__ = ["Fault", "Standins", "serve"]
