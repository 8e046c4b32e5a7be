# `make help` lists the targets. The tools come from the active environment: `pip install -c
# constraints.txt -e '.[torch,keras,dev]'`.
.PHONY: help check format lint types test slow bless docs

help:  ## this list
	@grep -E '^[a-z]+: .*##|^[a-z]+:  ##' Makefile | sed -E 's/:.*## +/\t/' | expand -t 10

check: lint types test  ## all that is fast: lint, types, fast tests

format:  ## rewrite the Python files in the house style
	ruff format .
	ruff check --fix .

lint:  ## style: formatting and ruff
	ruff format --check .
	ruff check .

types:  ## the type checker: strict on seqspec/, looser on tests
	basedpyright

test:  ## the fast tests
	pytest -n 2 -m "not slow and not e2e"

slow:  ## the rest: frameworks, whole trainings, installs
	pytest -n 2 -m "slow or e2e"

bless:  ## rewrite the golden programs; read the diff as a code review
	python -m tests.golden

docs:  ## rewrite docs/reference and the messages in the documents
	python -m tools.reference
	python -m tools.gallery
