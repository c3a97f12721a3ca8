"""What triggers do beside the jobs: firing, counting, measuring, and hearing how it ended."""
