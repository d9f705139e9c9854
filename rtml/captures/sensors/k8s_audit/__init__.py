"""The Kubernetes audit log: JSON events of the API server."""
