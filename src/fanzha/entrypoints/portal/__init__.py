"""Pages for everybody, made here and whole without a script: the warning page, appeals."""
