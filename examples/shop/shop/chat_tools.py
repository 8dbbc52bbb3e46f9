"""What the assistant may do in this shop, for the customer who asks: see their orders, and order again."""

from typing import Any

from chat.tools import Context, ToolError, tool
from shop.models import Order

MOST = 20


@tool(title="Look at your orders")
def my_orders(context: Context, article: str = "") -> list[dict[str, Any]]:
    """The customer's own orders, newest first.

    article: a part of the article's name; empty for all
    """
    orders = Order.objects.filter(customer=context.user, article__icontains=article).order_by("-ordered_at")
    return list(orders.values("id", "article", "ordered_at")[:MOST])


@tool(permission="shop.view_order", title="Look at all orders")
def find_orders(context: Context, customer: str, article: str = "") -> list[dict[str, Any]]:
    """Orders of any customer, newest first, for those who work here.

    customer: the customer's name or e-mail address, or a part of it
    article: a part of the article's name; empty for all
    """
    orders = Order.objects.filter(article__icontains=article).order_by("-ordered_at")
    found = orders.filter(customer__full_name__icontains=customer) | orders.filter(customer__email__icontains=customer)
    return list(found.values("id", "article", "ordered_at", "customer__full_name")[:MOST])


@tool(title="Order again", changes=True)
def order_again(context: Context, order: int) -> dict[str, Any]:
    """Order the article of an earlier order of the customer's once more.

    order: the id of that order
    """
    earlier = Order.objects.filter(customer=context.user, pk=order).first()
    if not earlier:
        raise ToolError("The customer has no order with this id.")
    # Called again, for whatever reason, it is the same order.
    new, is_new = Order.objects.get_or_create(
        call_id=context.call_id, defaults={"customer": context.user, "article": earlier.article}
    )
    return {"id": new.pk, "article": new.article, "ordered_now": is_new}
