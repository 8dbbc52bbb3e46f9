"""What tells operators whether the site works: the check of streams through proxies."""
