"""Developer programs: generators of the runtime's tables, checks, maps, demos. Users need none of them."""
