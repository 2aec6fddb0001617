"""The database. The only room that knows SQL; `sql.SqlStore` is the whole of it for everybody else."""
