"""Real edits of sound, each with a strength: what a listener could do to a recording with a mixing desk."""
