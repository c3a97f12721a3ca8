"""What a run found, written into the documents that it grouped.

`await Enrichment(refresh=indexer.refresh).enrich(task, cluster_id, base_run_id)` brings every document of the
cluster's collections to what the run's groups say now. It does nothing for a cluster that does not enrich, keeps its
place in the task, and can be run again from there. A run calls it when its groups and members are written and named;
renaming a group calls it by a task of its own (`services/common/database/cluster_enrichment.py`).
"""
