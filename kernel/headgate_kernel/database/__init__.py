"""PostgreSQL: the embedded server, roles, migrations, and one unit of work for each request or job."""
