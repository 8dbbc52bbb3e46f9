"""What runs of models use, and what that costs."""
