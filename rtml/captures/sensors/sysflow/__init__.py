"""SysFlow: Avro files of entities, events and flows."""
