"""vargrad.compile: recordings of ordinary functions, replayed."""
