"""What a run found, written into the documents that it grouped.

`Enrichment.after_run` ends the task of a run that has completed, `Enrichment.run` is the task that follows when a group
is renamed (`services/common/database/clusters/cluster_runs.py`). Both keep their place in the task and go on from
there.
"""
