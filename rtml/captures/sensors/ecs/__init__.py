"""Elastic Common Schema: what auditbeat, Elastic's agents and SysFlow's exporter write as JSON lines."""
