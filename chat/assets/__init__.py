"""The browser's files: the libraries that npm brings, and how static files are stored under hashed names."""
