class Refused(Exception):
    """It was not done, for this reason: a sentence for operators."""
