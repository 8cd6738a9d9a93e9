STACK ?= dev
MODULES := . app
SCRIPTS := .ci/run components/webtier/boot/boot.sh $(wildcard tests/e2e/tools/*)

# The race detector is written in C. Where there is no compiler for it, only CI insists on it.
RACE := $(if $(CI)$(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: plan controls test test-program test-app bench lint fuzz golden e2e lab soak lab-parts

plan: ## Show what a stack would deploy: make plan STACK=prod
	go run . plan -stack $(STACK)

controls: ## Hold a stack to security and availability controls: make controls STACK=prod
	go run . plan -stack $(STACK) -controls

test: test-program test-app ## Run all tests of both modules

test-program: ## Run the tests of the program, which need nothing but Go, and print the ten slowest
	go tool gotestsum --format pkgname --jsonfile test.out -- -timeout 30m ./...
	@go tool gotestsum tool slowest --jsonfile test.out --threshold 0s --num 10

# One package at a time: drills hold the application to seconds, and compilers beside them would take those.
test-app: ## Run the tests of the application, in 4 minutes; they skip what needs PostgreSQL, moto or root where that is missing
	@test -n "$(RACE)" || echo "NOT RUN: the race detector, for want of a C compiler"
	go tool gotestsum --format pkgname --jsonfile app.out --raw-command -- go -C app test -json $(RACE) -p 1 -timeout 15m ./...
	@go tool gotestsum tool slowest --jsonfile app.out --threshold 0s --num 10

bench: ## Measure the program, and what an offline plan takes
	go test -run '^$$' -bench . . ./tests ./internal/settings/web

lint: ## Check format, modules, code and scripts
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt these: $$unformatted"; exit 1; }
	for module in $(MODULES); do go -C $$module mod tidy -diff && go -C $$module vet -tags e2e,lab ./... || exit; done
	staticcheck=$$(go tool -n staticcheck) && for module in $(MODULES); do (cd $$module && $$staticcheck -tags e2e,lab ./...) || exit; done
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "NOT RUN: shellcheck, which is not installed"; fi

fuzz: ## Search for settings and networks that break the program, a minute each
	go test ./internal/settings -run '^$$' -fuzz FuzzParse -fuzztime 1m
	go test ./internal/settings -run '^$$' -fuzz FuzzStackFile -fuzztime 1m
	go test ./internal/settings/network -run '^$$' -fuzz FuzzPlan -fuzztime 1m
	go test ./internal/settings/web -run '^$$' -fuzz FuzzSchedules -fuzztime 1m

golden: ## Rewrite the golden plans and docs/settings.md; fails where it changed one, read the diff
	UPDATE_GOLDEN=1 go test ./tests

e2e: ## Bring the stacks up on AWS API emulators, all at once, in 22 minutes or, with SHORT=-short, 16; needs the Pulumi CLI, and moto or E2E_EMULATOR
	E2E_REQUIRED=1 go test -tags e2e -count 1 -timeout 40m -parallel 6 -v $(SHORT) ./tests/e2e

lab: ## Run the data plane of a stack as processes, and take parts of it away under load, in 15 minutes or, with SHORT=-short, 9; needs root on Linux
	LAB_REQUIRED=1 go test -tags lab -count 1 -timeout 40m -v $(SHORT) ./lab

soak: ## Repeat the drills of the lab for an hour
	LAB_REQUIRED=1 LAB_SOAK=1h go test -tags lab -count 1 -timeout 100m -v ./lab

lab-parts: ## Test each part of the lab by itself, and the Moodle example on one of its machines, in half an hour
	LAB_REQUIRED=1 go test -tags lab -count 1 -p 1 -timeout 60m ./lab/...
