"""Work that every request needs: ids, logs, headers, CORS, times."""
