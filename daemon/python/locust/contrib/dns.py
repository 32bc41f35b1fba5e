"""Not part of Squall; importing it says so."""

from ._missing import refuse

refuse(__name__, "DNSUser", "dnspython")
