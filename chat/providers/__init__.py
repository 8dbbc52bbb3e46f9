"""What answers: any OpenAI-compatible API (`openai`), or the small built-in model (`local`).

Nothing is imported here, because the built-in model's process begins with this package and needs none of it.
"""
