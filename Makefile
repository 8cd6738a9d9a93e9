STACK ?= dev
SCRIPTS := .ci/run components/webtier/boot/boot.sh

.PHONY: plan controls test bench lint fuzz golden e2e

plan: ## Show what a stack would deploy: make plan STACK=prod
	go run . plan -stack $(STACK)

controls: ## Hold a stack to security and availability controls: make controls STACK=prod
	go run . plan -stack $(STACK) -controls

test: ## Run all tests that need nothing but Go, and print the ten slowest
	go tool gotestsum --format pkgname --jsonfile test.out -- -timeout 30m ./...
	@go tool gotestsum tool slowest --jsonfile test.out --threshold 0s --num 10

bench: ## Measure the program, and what an offline plan takes
	go test -run '^$$' -bench . . ./tests ./internal/settings/web

lint: ## Check format, modules, code and scripts
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt these: $$unformatted"; exit 1; }
	go mod tidy -diff
	go vet -tags e2e ./...
	go tool staticcheck -tags e2e ./...
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "NOT RUN: shellcheck, which is not installed"; fi

fuzz: ## Search for settings and networks that break the program, a minute each
	go test ./internal/settings -run '^$$' -fuzz FuzzParse -fuzztime 1m
	go test ./internal/settings -run '^$$' -fuzz FuzzStackFile -fuzztime 1m
	go test ./internal/settings/network -run '^$$' -fuzz FuzzPlan -fuzztime 1m
	go test ./internal/settings/web -run '^$$' -fuzz FuzzSchedules -fuzztime 1m

golden: ## Rewrite the golden plans and docs/settings.md; fails where it changed one, read the diff
	UPDATE_GOLDEN=1 go test ./tests

e2e: ## Bring the stacks up on AWS API emulators, all at once, in 17 minutes; needs the Pulumi CLI, and moto or E2E_EMULATOR
	E2E_REQUIRED=1 go test -tags e2e -count 1 -timeout 40m -parallel 6 -v ./tests/e2e
