"""What may be asked of a node."""

from enum import StrEnum


class NodeState(StrEnum):
    """Only an open node takes new work. A silent one may come back; one that has left was shut down in order."""

    OPEN = "open"
    DRAINING = "draining"
    SILENT = "silent"
    LEFT = "left"
