"""Where the outside enters: API, command line, worker, scorer. They parse, call a use case, present."""
