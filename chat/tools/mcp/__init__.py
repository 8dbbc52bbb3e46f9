"""Tools of MCP servers (https://modelcontextprotocol.io): the only room that knows the package mcp, an extra.

`configuration.py` says where a server is and which headers it is sent, `connection.py` opens a session with it,
`sessions.py` keeps one for all calls of this process, `listing.py` asks it for its tools on behalf of staff, and
`catalog.py` gives the models those that staff have turned on.
"""
