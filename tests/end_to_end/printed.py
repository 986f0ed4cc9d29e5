"""What `make run` prints on its first start."""

import re


def sign_in_that_was_printed(said: str) -> tuple[str, str]:
    """E-mail address and password of the demo team."""
    return re.search(r"e-mail +(\S+)\n +password +(\S+)", said).groups()
