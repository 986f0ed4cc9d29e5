"""`make screenshots`: the pages with real runs of the sandbox, into docs/screenshots/."""
