"""What the transforms share: runs of a function on fresh variables."""
