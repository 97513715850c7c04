#!/usr/bin/env bash
# Fuzzes the native reader for so many seconds [60], with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang -std=c11 -O1 -g -Wno-unused-function -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -o "$work/fuzz" plain_lines_fuzz.c
mkdir "$work/corpus"
request='[01/May/2026:10:05:03 +0000] "GET /a.css?b=c HTTP/1.1" 200 512'
host='www.example.org:443'
address='192.0.2.1'
number=0
for first in '\001' '\002' '\000' '\361' '\005' '\011' '\004'; do
  for line in "$address - bob $request" "$address - - $request \"-\" \"Mozilla/5.0\" \"x\"" \
    "$host $address - - $request \"https://example.org/\" \"curl\" 0.123" "$address $host - $request \"-\" \"-\""; do
    printf "$first\200%s\n%s\nx\n" "$line" "$line" > "$work/corpus/$((number += 1))"
  done
done
printf '%s\n' '" "' '"GET /"' '" HTTP/1.1\""' '"[01/May/2026:10:05:03 +0000] \""' '"\" \""' '"POST /"' '"HTTP/2.0\""' \
  '"192.0.2.1 - - "' '".css"' '"/robots.txt"' '"\xc5\xbf"' '"\xe2\x84\xaa"' '" 200 512"' '" 304 -"' > "$work/words.dict"
"$work/fuzz" -max_total_time="${1:-60}" -max_len=4096 -dict="$work/words.dict" -print_final_stats=1 "$work/corpus"
