"""Events taken over HTTP: tokens and their policy, bodies, a journal that outlives a kill, the server."""
