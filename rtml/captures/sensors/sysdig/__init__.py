"""sysdig: ``sysdig -j``, an object per event."""
