#!/bin/sh
# sh start.sh [SETTING=VALUE ...]         install the program into .venv, once, and run it
# sh start.sh tests [OPTION OF PYTEST ...]   install what the tests need as well, once, and run them
# PYTHON names the Python to use, where it is not on PATH.
set -eu

root=$(cd "$(dirname "$0")" && pwd)
inside=$root/.venv/bin/python

fail() { # English, Chinese
    printf 'start.sh: %s\nstart.sh：%s\n' "$1" "$2" >&2
    exit 2
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    for python in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
        if fits "$python"; then return; fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found=–
    fail "needed: Python 3.11, 3.12 or 3.13; found: $found. Install one, or name it: PYTHON=/path/to/python3.12 sh start.sh" \
        "需要 Python 3.11、3.12 或 3.13；找到：$found。请安装，或指明位置：PYTHON=/路径/python3.12 sh start.sh"
}

find_pip() {
    if "$python" -m pip --python "$inside" --version >/dev/null 2>&1; then
        pip() { "$python" -m pip --python "$inside" "$@"; }
    elif "$inside" -m pip --version >/dev/null 2>&1 || "$inside" -m ensurepip >/dev/null 2>&1; then
        pip() { "$inside" -m pip "$@"; }
    else
        fail "$python has no pip 22.3 or later; install it (on Debian and Ubuntu: apt install python3-pip)" \
            "$python 没有 pip（22.3 及以上）；请安装（Debian、Ubuntu 用：apt install python3-pip）"
    fi
}

install() { # name of a file in requirements/
    stamp=$root/.venv/.installed-$1
    state=$(cd "$root" && { pwd && cat "requirements/$1.txt" pyproject.toml; } | cksum)
    if fits "$inside" && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then return; fi
    find_python
    printf 'Installing into %s, once, in some minutes / 正在安装（只需一次，约几分钟）\n' "$root/.venv" >&2
    [ -e "$root/.venv" ] || "$python" -m venv --without-pip "$root/.venv"
    fits "$inside" || fail "$root/.venv holds no Python 3.11 to 3.13 that works; remove that folder and repeat" \
        "$root/.venv 里没有可用的 Python 3.11 至 3.13；请删除该文件夹后重试"
    find_pip
    pip install --disable-pip-version-check --require-hashes -r "$root/requirements/$1.txt" >&2 &&
        pip install --disable-pip-version-check --no-deps --no-build-isolation -e "$root" >&2 ||
        fail "installing failed, for the reason above; the same command goes on from here" \
            "安装没有完成，原因见上；重新运行同一命令即可继续"
    printf '%s\n' "$state" >"$stamp"
}

if [ "${1-}" = tests ]; then
    shift
    install dev
    cd "$root"
    exec "$root/.venv/bin/pytest" "$@"
fi
install core
exec "$root/.venv/bin/consensus-sim" "$@"
