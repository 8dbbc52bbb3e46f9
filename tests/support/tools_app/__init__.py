"""An app of a project, whose tools models call in tests: CHATSITE_TEST_APPS="tests.support.tools_app"."""
