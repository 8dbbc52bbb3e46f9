from chatsite.environment.reader import Environment
from chatsite.environment.values import is_domain

__all__ = ["Environment", "is_domain"]
