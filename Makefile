# Needs make, npm and any Node from v20 on: the pinned Node comes with `npm ci`, into node_modules/.bin.

# Debian keeps servers (nats-server) in sbin, which an ordinary user does not have on the PATH.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/local/sbin:/usr/sbin:/sbin

# Written by npm itself, so a plain `npm ci` or `npm install` counts too.
INSTALLED := node_modules/.package-lock.json
NODE      := node_modules/.bin/node
TESTS     ?= test/**/*.test.ts

.DEFAULT_GOAL := help
.PHONY: help install run test lint check build bench format clean
.NOTPARALLEL:

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

install: $(INSTALLED) ## the dependencies, Node among them, into node_modules

run: $(INSTALLED) ## a router with three backends to try; more in ARGS='--help'
	@$(NODE) scripts/demo.ts $(ARGS)

test: $(INSTALLED) ## all tests, or those of TESTS='test/unit/**/*.test.ts'
	@sh scripts/install-test-servers
	@$(NODE) node_modules/mocha/bin/mocha.js '$(TESTS)'

lint: $(INSTALLED) ## lint and format, without changing anything
	biome check --error-on-warnings

check: $(INSTALLED) ## types
	tsc --noEmit

build: $(INSTALLED) ## dist/, as it is published
	npm run --silent build

bench: $(INSTALLED) ## figures of this machine; docs/benchmarks.md says how they are made
	@$(NODE) scripts/bench/main.ts $(ARGS)

format: $(INSTALLED) ## format and fix what can be fixed
	biome check --write

clean: ## everything that was made here, node_modules too
	rm -rf dist .run node_modules

$(INSTALLED): package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer, which brings it' >&2; exit 1; }
	npm ci --include=dev --loglevel=error && touch $@
