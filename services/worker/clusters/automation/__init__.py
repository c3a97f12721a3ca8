"""Clusters that run by themselves: `changes` hears of new documents, `starting` starts the runs that are due."""
