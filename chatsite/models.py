"""Tables of the site."""

from django.db import models


class CacheEntry(models.Model):
    """The default cache: Django's `DatabaseCache` over this table, with its columns.

    In the database, so that all processes count together, and each step is atomic. Nothing is kept there but the
    counters of attempts to log in.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
