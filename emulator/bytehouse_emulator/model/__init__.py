"""The objects of an account: databases and tables, virtual warehouses, usage."""
