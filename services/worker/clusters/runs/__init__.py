"""Runs of clusters: documents gathered, grouped, named and written down; one run at a time in each worker."""
