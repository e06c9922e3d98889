# shellcheck shell=bash
# Where set-up keeps what it fetched, for the other scripts; provision/layout.py agrees.
export AURALARCHIVE_CACHE="${AURALARCHIVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/auralarchive}"
venvs="$AURALARCHIVE_CACHE/venvs"
# Home Assistant is large: where the machine switches bytecode off, each start would compile it anew.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$AURALARCHIVE_CACHE/bytecode"
