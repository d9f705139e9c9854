"""What was watched and what it costs, per account, cluster and month."""
