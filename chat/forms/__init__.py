"""What users send, checked: JSON and plain forms alike."""
