"""Programs, and the machines that run them over rows; they know no graph."""
