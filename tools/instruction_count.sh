#!/usr/bin/env bash
# Counts the instructions of the robot end's ticks and receptions, one by one, and the greatest stack.
# Repeatable: the same binary gives the same numbers, whatever else the machine does.
# Needs valgrind. Usage: tools/instruction_count.sh [TICKS]
set -euo pipefail
cd "$(dirname "$0")/.."
ticks="${1:-3000}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/telesurgery-twin/target}"
cargo build --quiet --release --locked -p benches --example ticks
program="$CARGO_TARGET_DIR/release/examples/ticks"
counts="$(mktemp -d)"
trap 'rm -rf "$counts"' EXIT

count() {
    local function="$1" words="$2"
    rm -f "$counts"/out*
    valgrind --quiet --tool=callgrind --callgrind-out-file="$counts/out" --collect-atstart=no \
        --toggle-collect="ticks::$function" --dump-after="ticks::$function" \
        "$program" "$ticks" >/dev/null 2>&1
    grep -h '^summary:' "$counts"/out.* | awk -v words="$words" '
        $2 > 0 { n += 1; sum += $2; if ($2 > most) most = $2 }
        END { printf "%s: %d counted, mean %.0f instructions, worst %d (%.1f times the mean)\n",
              words, n, sum / n, most, most * n / sum }'
}
count robot_tick "tick of four arms"
count robot_receive "receive, decryption included"

valgrind --quiet --tool=massif --stacks=yes --heap=no --massif-out-file="$counts/massif" \
    "$program" 600 >/dev/null 2>&1
grep -h '^mem_stacks_B=' "$counts/massif" | cut -d= -f2 | sort -n | tail -n 1 |
    awk '{ printf "greatest stack of the whole program: %d bytes\n", $1 }'
