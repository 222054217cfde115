"""The steps by which the tables came to be; Alembic runs them when a log is opened that is behind."""
