# Short names for the commands of CONTRIBUTING.md.
.PHONY: check test generate bench

check: ## every check, as in CI
	.ci/run

test:
	go test ./...

generate:
	go generate ./...

bench:
	go test -run '^$$' -bench . ./benchmarks/...
