# 反诈 fanzha. `make demo` shows it, `make test` tests it; both prepare everything they need.

PYTHON3 := $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
COMPILE := $(VENV)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.PHONY: help install web kernels demo up test check soak bench lock clean

help:
	@echo "make demo     安装并演示 install and show: a simulated city, scams planted in it"
	@echo "make up       安装并启动 install and start, without the city"
	@echo "make test     全部测试 the whole suite"
	@echo "make check    ruff, mypy, import-linter, tidy"
	@echo "make install  只安装 install only;  make web  只构建控制台 build the console only"
	@echo "make bench    测速 benchmarks -> docs/benchmarks.md"
	@echo "make soak     长测 long campaigns of faults and fuzz -> docs/reliability.md"
	@echo "make lock     更新锁定文件 lock the newest versions;  make clean  清理 remove what was built"

install:
	@$(PYTHON3) -m tools.bootstrap

web: install
	@$(VENV)/python -m tools.build_web

kernels: install
	@$(VENV)/python -m tools.compile_kernels

demo: web kernels
	@exec $(VENV)/fanzha demo

up: web kernels
	@exec $(VENV)/fanzha up

test: web kernels
	@$(VENV)/python -m tools.run_tests

check: install
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python -m tools.tidy

soak: install
	@$(VENV)/python -m tools.soak

bench: install
	@$(VENV)/python -m bench --write docs/benchmarks.md

lock: install
	$(COMPILE) --upgrade requirements/bootstrap.in -o requirements/bootstrap.lock
	$(COMPILE) --upgrade requirements/run.in -o requirements/run.lock
	$(COMPILE) --upgrade requirements/dev.in -o requirements/dev.lock

clean:
	rm -rf build dist web/node_modules web/dist src/fanzha/entrypoints/api/static
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tools tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
