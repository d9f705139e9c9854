"""OCSF: process, file, network, DNS and module activity, as JSON lines and as Security Lake's Parquet."""
