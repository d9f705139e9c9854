"""What a rule is made of: conditions over columns, views and lineage, and their evaluation."""
