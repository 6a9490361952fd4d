"""What a recorded function reads besides its arguments, and whether it is still the same."""
