"""Tools: functions that a model may call, as the user who asks (docs/tools.md).

# shop/chat_tools.py, found in any installed app as admin.py is
from chat.tools import Context, ToolError, tool

@tool(permission="shop.view_order")
def find_orders(context: Context, customer: str, open_only: bool = True) -> list[dict]:
    \"\"\"Orders of a customer, newest first.

    customer: name or e-mail address, or a part of it
    \"\"\"
"""

from chat.tools.base import Context, Tool, ToolError
from chat.tools.python import tool

__all__ = ["Context", "Tool", "ToolError", "tool"]
