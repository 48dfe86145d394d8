# Each target sets up the virtual environment it needs. Required: python3.11 (or a later python3) with
# venv and pip.

VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
PYTHON  ?= $(shell command -v python3.11 || command -v python3)
CHECKED := $(wildcard src tests bench soak examples docs)
PYTEST  := $(BIN)/python -m pytest -q
# Three processes for two cores, since tests also wait for servers. A file runs in one process: its
# tests share what they start.
PARALLEL := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2) --dist loadfile
# Tests start many programs, which otherwise compile their modules each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-versions test-lowest test-newest bench docs soak check lock clean browser node proxy haproxy

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)-demo/.ready ## start the login service with a demo user on port 5000 (WATCHWORD_PORT=5001 make demo for another)
	@$(VENV)-demo/bin/watchword serve --demo

test: $(READY) browser node proxy haproxy ## run all tests except the long ones
	$(PYTEST) $(PARALLEL) --durations 20 -m "not slow" $(PYTEST_ARGS)

test-slow: $(READY) browser node proxy haproxy test-versions ## run the long tests
	$(PYTEST) --durations 20 -m slow $(PYTEST_ARGS)

# Applications pin the packages that Watchword requires to different releases. So the extension, sessions,
# tokens and the core of the service are tested with the lowest releases that pyproject.toml allows, and
# with the newest.
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

bench: $(READY) ## measure the cost of a request, compared with Flask-JWT-Extended
	@$(BIN)/python -m bench
	@$(BIN)/python -m docs.write_figures

docs: $(READY) ## write the generated pages of docs/
	@for page in $(basename $(notdir $(wildcard docs/write_*.py))); do \
	    $(BIN)/python -m docs.$$page || exit 1; \
	done

soak: $(READY) ## test the guarantees of sessions on every store (takes minutes)
	@$(BIN)/python -m soak

check: $(READY) ## lint, check types, and run the tests that start no server
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)
	$(PYTEST) $(PARALLEL) -m "not server and not slow" $(PYTEST_ARGS)

# Some tests run in a real browser. Without one they are skipped.
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

# Tests run nginx with the configuration in deploy/. Debian's package would start nginx on port 80, so
# only the program is extracted from it.
proxy: $(READY)
	@for name in nginx /usr/sbin/nginx $(VENV)/nginx/usr/sbin/nginx; do \
	    command -v $$name >/dev/null && exit 0; \
	done; \
	apt-get -qq update 2>/dev/null; \
	if cd $(VENV) && apt-get -qq download nginx 2>/dev/null; then \
	    dpkg-deb --extract nginx_*.deb nginx && rm nginx_*.deb && exit 0; \
	fi; \
	echo "No nginx here: the test with a proxy is skipped." >&2

# HAProxy passes on headers that other proxies drop. Its package depends on libraries, so it is installed
# as root; with RUNLEVEL=1 the service is not started.
haproxy:
	@for name in haproxy /usr/sbin/haproxy; do command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	        apt-get -qq install --no-install-recommends haproxy >/dev/null && exit 0; \
	fi; \
	echo "No HAProxy here: the test with it is skipped." \
	    "As root: apt-get install --no-install-recommends haproxy" >&2

# Tests exchange tokens with panva's jose, which they install with npm.
node:
	@{ command -v node && command -v npm; } >/dev/null || \
	    echo "No Node and npm here: the tests with panva's jose are skipped." \
	        "Install both, Node 20 or later." >&2

COMPILE := uv pip compile --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --quiet $(LOCK_ARGS)
lock: ## update the lock files in requirements/ (needs uv)
	$(COMPILE) pyproject.toml requirements/dev.in --all-extras --output-file requirements/dev.txt
	@# deploy/Dockerfile and `make demo` install the releases that the tests ran with.
	$(COMPILE) pyproject.toml --all-extras --constraints requirements/dev.txt \
	    --output-file requirements/service.txt
	$(COMPILE) requirements/build.in --constraints requirements/dev.txt \
	    --output-file requirements/build.txt
	$(COMPILE) pyproject.toml requirements/demo.in --extra service \
	    --constraints requirements/dev.txt --output-file requirements/demo.txt
	@# Without --upgrade uv would keep the releases that are already in these files.
	$(COMPILE) pyproject.toml requirements/versions.in --all-extras --upgrade \
	    --resolution lowest-direct --output-file requirements/lowest.txt
	$(COMPILE) pyproject.toml requirements/versions.in --all-extras --upgrade \
	    --output-file requirements/newest.txt

clean: ## remove the virtual environments and all caches
	rm -rf $(VENV) $(VENV)-demo $(VENV)-lowest $(VENV)-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)-%/.ready: pyproject.toml requirements/%.txt
	@test -x $(VENV)-$*/bin/python || $(PYTHON) -m venv $(VENV)-$*
	@echo "Setting up $(VENV)-$* ..."
	@$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements/$*.txt
	@$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@

# .ready is created last, so that an interrupted set-up is repeated.
$(READY): pyproject.toml requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@
