"""Where users are logged in: allauth's list of sessions, with when and from where each was last used.

allauth's own middleware is synchronous and writes at each request; middleware.py notes it once in five minutes.
"""
