"""What a service that runs writes to its log: one line for each request, one for each trouble."""
