"""The site's static files: hashed, and compressed beforehand, as servestatic serves them."""

from servestatic.storage import CompressedManifestStaticFilesStorage

from chat.assets.storage import HashedModules


class CompressedStaticFilesStorage(HashedModules, CompressedManifestStaticFilesStorage):  # type: ignore[misc] # untyped
    pass
