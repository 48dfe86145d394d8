# Every target sets up .venv by itself; it needs python3.11 (or a later python3) with venv and pip.

VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
PYTHON  ?= $(shell command -v python3.11 || command -v python3)
CHECKED := $(wildcard src tests bench soak examples docs)
PYTEST  := $(BIN)/python -m pytest -q
# As many processes as cores. A file stays in one, since its tests share what they start.
PARALLEL := -n logical --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-versions test-lowest test-newest bench docs soak check lock clean browser node proxy haproxy

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(READY) ## start a login server on 127.0.0.1:5000 to try things on
	@$(BIN)/watchword serve --demo

test: $(READY) browser node proxy haproxy ## run every test but the long ones
	$(PYTEST) $(PARALLEL) --durations 20 -m "not slow" $(PYTEST_ARGS)

test-slow: $(READY) browser node proxy haproxy test-versions ## run the tests that take long by their nature
	$(PYTEST) --durations 20 -m slow $(PYTEST_ARGS)

# Applications pin what Watchword needs, and not all to the same releases: the extension, sessions,
# tokens and the core of the service with the lowest that pyproject.toml allows, and the newest.
VERSIONED := $(addprefix tests/,jose keys sessions extension examples dropin/test_program.py \
    dropin/test_finder.py $(addprefix service/test_,login.py refresh.py register.py logout.py \
    me.py totp.py password_reset.py sessions.py jwks.py metrics.py in_memory.py) \
    $(addprefix infra/,sql/test_schema.py sql/test_autogenerate.py test_session_store.py \
    test_user_store.py))
test-versions: test-lowest test-newest ## run the core with the lowest and the newest versions
test-lowest test-newest: test-%: $(VENV)-%/.ready
	$(VENV)-$*/bin/python -m pytest $(PARALLEL) -m "not slow" -W ignore::DeprecationWarning \
	    --ignore tests/jose/test_differential.py --ignore tests/jose/test_properties.py \
	    $(VERSIONED) $(PYTEST_ARGS)

bench: $(READY) ## measure what a request costs, beside Flask-JWT-Extended
	@$(BIN)/python -m bench
	@$(BIN)/python -m docs.write_figures

docs: $(READY) ## write the generated pages of docs/
	@for page in $(basename $(notdir $(wildcard docs/write_*.py))); do \
	    $(BIN)/python -m docs.$$page || exit 1; \
	done

soak: $(READY) ## try what sessions promise on every store, for some minutes
	@$(BIN)/python -m soak

check: $(READY) ## lint, types, and the tests that start no server
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)
	$(PYTEST) $(PARALLEL) -m "not server and not slow" $(PYTEST_ARGS)

# What a page can and cannot do is asked of a real browser. Without one those tests are skipped.
BROWSERS := chromium chromium-browser google-chrome chromium-headless-shell
browser:
	@for name in $(TEST_BROWSER) $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the tests in a browser ..."; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
	        apt-get -qq install --no-install-recommends chromium >/dev/null && exit 0; \
	fi; \
	echo "No Chromium here: the tests in a browser are skipped." \
	    "As root: apt-get install --no-install-recommends chromium" >&2

# The proxy's configuration in deploy/ is run by nginx. Debian's package starts one on port 80, so the
# program alone is taken out of it.
proxy: $(READY)
	@for name in nginx /usr/sbin/nginx $(VENV)/nginx/usr/sbin/nginx; do \
	    command -v $$name >/dev/null && exit 0; \
	done; \
	apt-get -qq update 2>/dev/null; \
	if cd $(VENV) && apt-get -qq download nginx 2>/dev/null; then \
	    dpkg-deb --extract nginx_*.deb nginx && rm nginx_*.deb && exit 0; \
	fi; \
	echo "No nginx here: the test with a proxy is skipped." >&2

# HAProxy passes on headers that others drop. Its package has libraries beside it and needs root;
# at run level 1 it starts no service.
haproxy:
	@for name in haproxy /usr/sbin/haproxy; do command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	        apt-get -qq install --no-install-recommends haproxy >/dev/null && exit 0; \
	fi; \
	echo "No HAProxy here: the test with it is skipped." \
	    "As root: apt-get install --no-install-recommends haproxy" >&2

# Whether panva's jose and we verify each other's tokens is asked of the real one, which the tests
# install by npm.
node:
	@{ command -v node && command -v npm; } >/dev/null || \
	    echo "No Node and npm here: the tests with panva's jose are skipped." \
	        "Install both, Node 20 or later." >&2

COMPILE := uv pip compile --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --quiet $(LOCK_ARGS)
lock: ## write the locks in requirements/ anew (needs uv)
	$(COMPILE) pyproject.toml requirements/dev.in --all-extras --output-file requirements/dev.txt
	@# What deploy/Dockerfile installs, and builds with, is what the tests ran with.
	$(COMPILE) pyproject.toml --all-extras --constraints requirements/dev.txt \
	    --output-file requirements/service.txt
	$(COMPILE) requirements/build.in --constraints requirements/dev.txt \
	    --output-file requirements/build.txt
	@# --upgrade, or what is written there already would count as wanted.
	$(COMPILE) pyproject.toml requirements/versions.in --all-extras --upgrade \
	    --resolution lowest-direct --output-file requirements/lowest.txt
	$(COMPILE) pyproject.toml requirements/versions.in --all-extras --upgrade \
	    --output-file requirements/newest.txt

clean: ## remove .venv and what the tools leave behind
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)-%/.ready: pyproject.toml requirements/%.txt
	@test -x $(VENV)-$*/bin/python || $(PYTHON) -m venv $(VENV)-$*
	@echo "Setting up $(VENV)-$* ..."
	@$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements/$*.txt
	@$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@

# The stamp is written last, so a set-up that was interrupted is done again.
$(READY): pyproject.toml requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@
