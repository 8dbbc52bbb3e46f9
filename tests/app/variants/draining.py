"""The shop, whose process lets answers come to their end."""

from shop.settings import *  # noqa: F403

CHAT_DRAIN_SECONDS = 60
