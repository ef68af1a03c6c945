"""Where the outside enters: API, command line, worker, scorer: they parse, call, present."""
