"""The clinician's page over HTTP: loopback only, one user, nothing kept on the server."""
