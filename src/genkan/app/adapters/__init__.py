"""Where a kept session meets an HTTP library of the program's own; each file imports that library, and only it."""
