"""Clusters that run by themselves: `due_runs` hears of new documents, `start_runs` starts the runs that are due."""
