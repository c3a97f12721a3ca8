"""Delivering what webhooks and alerts are to be told: at least once, in order per lane, however receivers behave."""
