"""Developer programs: generators of tables, checks, maps, demos; no user needs them."""
