"""What operands must be, beside numbers and Vars."""
