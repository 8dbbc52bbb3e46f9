"""What makes Django under ASGI serve open streams: handler, threads, middleware, sessions, static files."""
