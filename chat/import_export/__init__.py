"""Conversations outside the database: as documents to take along, and back."""
