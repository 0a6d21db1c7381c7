"""What is wrong with a file, in plain words and at its place."""
