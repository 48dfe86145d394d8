"""Processing of every request: ids, access log, headers, CORS, timing."""
