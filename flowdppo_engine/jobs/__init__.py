"""Small work of minutes: scoring a handful of pictures, trying a run's first step."""
