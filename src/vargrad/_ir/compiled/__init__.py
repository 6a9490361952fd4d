"""vargrad._ir.pure, compiled: the .pxd files here give its sources C types; store.pyx takes the place of store.py."""
