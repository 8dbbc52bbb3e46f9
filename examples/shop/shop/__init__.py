"""A small shop, whose customers can ask an assistant."""
