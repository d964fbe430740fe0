#!/bin/sh
# Starts the site that `make run` promises, after saying what to type in the second terminal.
set -eu
cd "$(dirname "$0")/.."

# As a shell reads it back: in quotes where the folder's name has anything but plain characters.
quoted() { case "$1" in *[!A-Za-z0-9_./:@%+=-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;; *) printf '%s' "$1" ;; esac; }

genkan="$(pwd)/.venv/bin/genkan"
typed="$(quoted "$genkan")"
# Two lines, read from genkan.toml and the variables as the site reads them; a bad setting stops here with its sentence.
places="$("$genkan" where)"
address="${places%%
*}"
data="${places#*
}"

cat <<TEXT
Genkan starts on $address and keeps its data in $data. Stop it with Ctrl-C.
  1. The first time: open the set-up link that comes below, make the administrator, turn the app on.
  2. Then type in a second terminal:  $typed app login $address
  3. See who you are there, and what the site knows of it:
       $typed app whoami
       $typed phones list --data-dir $(quoted "$data")

TEXT
exec "$genkan" serve
