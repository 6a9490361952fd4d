"""Arrays of Vars: the class that NumPy asks for its functions, and linear algebra."""
