"""The room `browsers`: the table, the plan, and what is written for real."""
