"""Which version of the site a page is of: another one where its files are others."""

import hashlib
from functools import cache

from django.contrib.staticfiles.storage import staticfiles_storage

ENTRY = "chat/js/pages/conversation.js"


@cache
def site_version() -> str:
    """Short, and of all files where their names have hashes, once a process; else it never changes."""
    files = getattr(staticfiles_storage, "manifest_hash", "") or staticfiles_storage.url(ENTRY)
    return hashlib.sha256(files.encode()).hexdigest()[:16]
