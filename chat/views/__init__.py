"""Finds through the owner, validates, makes one domain call, responds."""
