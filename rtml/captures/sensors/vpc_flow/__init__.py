"""VPC flow logs: text with a header or a format string, and Parquet."""
