"""Any table with one row a box."""
