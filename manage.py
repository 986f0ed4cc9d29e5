#!/usr/bin/env python
"""Django's command line, with `platform/` as a source root of apps."""

import os
import sys
from pathlib import Path


def main() -> None:
    root = Path(__file__).resolve().parent
    # Behind the standard library: `platform` the standard module must win over the folder of that name.
    sys.path[1:1] = [str(root / "platform")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
