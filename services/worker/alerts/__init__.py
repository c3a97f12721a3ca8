"""Looking at what alerts watch, and telling of it once per rise."""
